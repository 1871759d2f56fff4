//! Model tests: random stories of a made-up source and a made-up destination, judged by what must be true in the end.
//!
//! The interleaving of two overlapping runs depends on the threads of the machine, so a failure of theirs may need several tries to
//! come again under its seed; everything else repeats exactly.

mod cursor;
mod destination;
mod dispatch;
mod experiment;
mod office;
mod oracle;
mod pace;
mod sequences;
mod source;
mod world;
