//! What of a note is markup, and what is text.

/// A stretch of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'n> {
    /// Text, its entities unresolved.
    Text(&'n str),
    /// A tag within a word or between words.
    Inline,
    /// A tag, or something left out, that parts the words around it.
    Parting,
}

/// Tags that do not part a word. All lists are in alphabetical order.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "data", "del",
    "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "o:p", "output", "q", "rb",
    "rp", "rt", "rtc", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr",
];

/// All other tags of HTML, old ones too, and the data island of office programs.
const PARTING: &[&str] = &[
    "address",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "base",
    "basefont",
    "bgsound",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "col",
    "colgroup",
    "datalist",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "iframe",
    "image",
    "img",
    "input",
    "isindex",
    "legend",
    "li",
    "link",
    "listing",
    "main",
    "map",
    "marquee",
    "math",
    "menu",
    "menuitem",
    "meta",
    "meter",
    "multicol",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "picture",
    "plaintext",
    "portal",
    "pre",
    "progress",
    "script",
    "search",
    "section",
    "select",
    "slot",
    "source",
    "spacer",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
    "video",
    "xml",
    "xmp",
];

/// Prefixes of tags that office programs leave in what is pasted.
const OFFICE: &[&str] = &["m", "o", "st1", "st2", "v", "w", "wp", "x"];

/// Attributes that stand without a value.
const SWITCHES: &[&str] = &[
    "allowfullscreen",
    "async",
    "autofocus",
    "autoplay",
    "checked",
    "compact",
    "contenteditable",
    "controls",
    "declare",
    "default",
    "defer",
    "disabled",
    "download",
    "draggable",
    "formnovalidate",
    "hidden",
    "inert",
    "ismap",
    "itemscope",
    "loop",
    "multiple",
    "muted",
    "nohref",
    "noresize",
    "noshade",
    "novalidate",
    "nowrap",
    "open",
    "playsinline",
    "readonly",
    "required",
    "reversed",
    "selected",
];

/// How far behind the first `>` a quoted value may end that holds it.
const QUOTED: usize = 256;
/// No name of a tag or attribute is as long.
const LONGEST_NAME: usize = 20;

/// The stretches of a note, in order; nothing between them is left out but markup.
pub fn pieces(note: &str) -> Pieces<'_> {
    Pieces {
        note,
        at: 0,
        waiting: None,
        known: Vec::new(),
    }
}

/// See [`pieces`].
pub struct Pieces<'n> {
    note: &'n str,
    at: usize,
    /// The markup behind the text that was handed out.
    waiting: Option<Piece<'n>>,
    /// Where what was looked for stands next, if anywhere in the rest of the note.
    known: Vec<(&'static str, Option<usize>)>,
}

impl<'n> Iterator for Pieces<'n> {
    type Item = Piece<'n>;

    fn next(&mut self) -> Option<Piece<'n>> {
        if let Some(piece) = self.waiting.take() {
            return Some(piece);
        }
        let start = self.at;
        let mut from = start;
        while let Some(found) = self.note[from..].find('<') {
            let open = from + found;
            if let Some((length, piece)) = self.markup(open) {
                self.at = open + length;
                if open == start {
                    return Some(piece);
                }
                self.waiting = Some(piece);
                return Some(Piece::Text(&self.note[start..open]));
            }
            from = open + 1;
        }
        self.at = self.note.len();
        (start < self.at).then(|| Piece::Text(&self.note[start..]))
    }
}

impl<'n> Pieces<'n> {
    /// The markup that begins at a `<`, if it is some: its length, and what it is.
    fn markup(&mut self, open: usize) -> Option<(usize, Piece<'n>)> {
        let rest = &self.note[open..];
        if rest.starts_with("<!--") {
            let end = self.next_of("-->", open + 4)?;
            return Some((end + 3 - open, Piece::Parting));
        }
        if let Some(declared) = rest.strip_prefix("<!").or_else(|| rest.strip_prefix("<?")) {
            let mut known = ["doctype ", "[if ", "[endif]", "xml"].iter();
            known.find(|word| begins(declared, word))?;
            let end = self.next_of(">", open)?;
            return Some((end + 1 - open, Piece::Parting));
        }
        let tag = Tag::named(rest)?;
        let end = self.end_of(&tag, open)?;
        let content = match tag.name {
            _ if tag.closes => None,
            name if name.eq_ignore_ascii_case("script") => self.next_of("</script", end),
            name if name.eq_ignore_ascii_case("style") => self.next_of("</style", end),
            _ => None,
        };
        let piece = if tag.is_inline() {
            Piece::Inline
        } else {
            Piece::Parting
        };
        Some((content.unwrap_or(end) - open, piece))
    }

    /// Where the tag that begins at `open` ends.
    fn end_of(&mut self, tag: &Tag<'n>, open: usize) -> Option<usize> {
        let from = open + tag.length;
        let first = self.next_of(">", from)?;
        let mut end = first;
        loop {
            let note = self.note.as_bytes();
            match inside(&self.note[from..end], tag.closes) {
                Inside::Attributes => return Some(end + 1),
                Inside::Words => return None,
                // A value in quotes may hold a `>`.
                Inside::Quoted(quote) => {
                    let far = note.len().min(first + QUOTED);
                    let closed = note.get(end..far)?.iter().position(|byte| *byte == quote)?;
                    let behind = end + closed;
                    end = behind
                        + note[behind..]
                            .iter()
                            .take(QUOTED)
                            .position(|byte| *byte == b'>')?;
                }
            }
        }
    }

    /// Where this stands next, from here on. It is looked for once, so that a note is read in one go.
    fn next_of(&mut self, word: &'static str, from: usize) -> Option<usize> {
        let known = self.known.iter().position(|(known, _)| *known == word);
        if let Some(at) = known {
            match self.known[at].1 {
                None => return None,
                Some(place) if place >= from => return Some(place),
                Some(_) => {
                    self.known.swap_remove(at);
                }
            }
        }
        let found = find_ignoring_case(&self.note.as_bytes()[from..], word.as_bytes());
        let place = found.map(|found| from + found);
        self.known.push((word, place));
        place
    }
}

/// The beginning of a tag.
struct Tag<'n> {
    name: &'n str,
    closes: bool,
    /// Of the bracket, the slash and the name.
    length: usize,
}

impl<'n> Tag<'n> {
    /// The known name that stands behind a `<`.
    fn named(text: &'n str) -> Option<Self> {
        let bare = text.strip_prefix('<')?;
        let closes = bare.starts_with('/');
        let bare = bare.strip_prefix('/').unwrap_or(bare);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b':';
        let ends = bare
            .bytes()
            .take(LONGEST_NAME)
            .position(|byte| !is_name(byte))?;
        let tag = Self {
            name: &bare[..ends],
            closes,
            length: 1 + usize::from(closes) + ends,
        };
        let parted = bare[ends..].starts_with(|c| is_gap(c) || c == '>');
        (parted && tag.is_known()).then_some(tag)
    }

    fn is_inline(&self) -> bool {
        is_in(INLINE, self.name)
    }

    fn is_known(&self) -> bool {
        let office = || {
            let prefix = self.name.split_once(':');
            prefix.is_some_and(|(prefix, name)| is_in(OFFICE, prefix) && !name.is_empty())
        };
        self.is_inline() || is_in(PARTING, self.name) || office()
    }
}

/// What stands between the name of a tag and a `>`.
enum Inside {
    Attributes,
    /// Somebody's words.
    Words,
    /// The beginning of a value in these quotes.
    Quoted(u8),
}

fn inside(text: &str, closes: bool) -> Inside {
    let mut rest = text.trim_start_matches(is_gap);
    if closes && !rest.is_empty() {
        return Inside::Words;
    }
    while !rest.is_empty() {
        let ends = rest.find(|c| is_gap(c) || c == '=').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(ends);
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            if !is_in(SWITCHES, name) {
                return Inside::Words;
            }
            rest = behind.trim_start_matches(is_gap);
            continue;
        };
        let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_' | '.');
        if name.is_empty() || !name.chars().all(belongs) {
            return Inside::Words;
        }
        let value = value.trim_start();
        if let Some(quote @ (b'"' | b'\'')) = value.as_bytes().first() {
            let Some((_, behind)) = value[1..].split_once(char::from(*quote)) else {
                return Inside::Quoted(*quote);
            };
            rest = behind.trim_start_matches(is_gap);
            continue;
        }
        let ends = value.find(|c: char| c.is_whitespace() || matches!(c, '<' | '"'));
        let behind = &value[ends.unwrap_or(value.len())..];
        if behind.starts_with(['<', '"']) {
            return Inside::Words;
        }
        rest = behind.trim_start_matches(is_gap);
    }
    Inside::Attributes
}

const fn is_gap(c: char) -> bool {
    c.is_ascii_whitespace() || c == '/'
}

fn is_in(words: &[&str], word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    words.binary_search(&word.as_str()).is_ok()
}

fn begins(text: &str, word: &str) -> bool {
    let head = text.as_bytes().get(..word.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}

fn find_ignoring_case(text: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let mut from = 0;
    loop {
        let at = from + text[from..].iter().position(|byte| *byte == first)?;
        let here = text.get(at..at + word.len())?;
        if here.eq_ignore_ascii_case(word) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_searched_by_halves_so_they_are_in_order() {
        for words in [INLINE, PARTING, OFFICE, SWITCHES] {
            assert!(words.is_sorted());
            assert!(words.iter().all(|word| word.len() < LONGEST_NAME));
        }
    }

    #[test]
    fn a_note_is_text_with_markup_between() {
        let found: Vec<Piece<'_>> = pieces("a<b>c</b><br/>d").collect();
        let expected = [
            Piece::Text("a"),
            Piece::Inline,
            Piece::Text("c"),
            Piece::Inline,
            Piece::Parting,
            Piece::Text("d"),
        ];
        assert_eq!(found, expected);
    }
}
