//! What a person or a program reads of the bridge. Who reads may stop reading at any time (`bridge held | head -1`): that is no fault,
//! and the command ends as it would have.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Writes a line to standard output, if anybody still reads it.
pub fn print(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a line to standard error, for a person who may have gone.
pub fn tell(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
