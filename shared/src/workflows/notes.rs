//! Notes: proGres keeps them as HTML or as plain text, Primero shows plain text.
//!
//! No word may be lost, so only what is surely markup goes: tags of HTML and of office programs, comments that end, scripts and
//! styles. Everything else in angle brackets is somebody's text. A note is read once from front to back, whatever is nested in it.

mod markup;

use html2text::render::TrivialDecorator;

use self::markup::{Piece, pieces};

/// Wide enough that nothing is ever wrapped.
const WIDTH: usize = 1_000_000;
/// A note is cut to so many characters.
const LONGEST: usize = 20_000;
/// Stands at the end of a note that was cut.
const CUT: &str = "…";

/// A note as text on one line: markup gone, entities resolved, blanks folded, and nothing drawn in their place. Blank is none.
pub fn plain_text(note: &str) -> Option<String> {
    let (flat, cut) = flattened(note);
    let mut text = folded(&resolved(&flat));
    if cut {
        text.push_str(CUT);
    }
    (!text.is_empty()).then_some(text)
}

/// The text between the tags, as far as it may be long; whether something is left over. Entities stay, and so that nothing else is
/// taken for a tag any more, brackets become entities.
fn flattened(note: &str) -> (String, bool) {
    let mut flat = String::new();
    let mut length = 0;
    for piece in pieces(note) {
        match piece {
            Piece::Inline => {}
            Piece::Parting => push_blank(&mut flat),
            Piece::Text(text) => {
                for c in text.chars() {
                    if c.is_whitespace() {
                        push_blank(&mut flat);
                        continue;
                    }
                    if length == LONGEST {
                        cut_back(&mut flat);
                        return (flat, true);
                    }
                    length += 1;
                    match c {
                        '<' => flat.push_str("&lt;"),
                        '>' => flat.push_str("&gt;"),
                        c => flat.push(c),
                    }
                }
            }
        }
    }
    (flat, false)
}

fn push_blank(flat: &mut String) {
    if !flat.is_empty() && !flat.ends_with(' ') {
        flat.push(' ');
    }
}

/// Takes back the last word, which may be half a word or half an entity, if it is not all there is.
fn cut_back(flat: &mut String) {
    if let Some(blank) = flat.rfind(' ') {
        flat.truncate(blank);
    }
}

/// Resolves entities. The text has no tag, so nothing is nested and nothing is laid out.
fn resolved(flat: &str) -> String {
    html2text::config::with_decorator(TrivialDecorator::new())
        .raw_mode(true)
        .string_from_read(flat.as_bytes(), WIDTH)
        // It fails only on a width too narrow; the text is worth more than its entities.
        .unwrap_or_else(|_| flat.to_owned())
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
