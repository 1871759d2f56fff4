//! Notes: proGres keeps them as HTML, Primero shows plain text.

use html2text::render::TrivialDecorator;

/// Wide enough that nothing is ever wrapped.
const WIDTH: usize = 1_000_000;

/// HTML as text on one line: tags gone, entities resolved, blanks folded, and nothing drawn in their place. Blank is none.
pub fn plain_text(html: &str) -> Option<String> {
    let text = html2text::config::with_decorator(TrivialDecorator::new())
        .raw_mode(true)
        .string_from_read(html.as_bytes(), WIDTH)
        // It fails only on a width too narrow; the text is worth more than its layout.
        .unwrap_or_else(|_| html.to_owned());
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_entities_and_blanks_become_plain_text() {
        for (html, text) in [
            (
                "<p>Child lives with a neighbour &amp; needs&nbsp;care.</p><p>See file.</p>",
                "Child lives with a neighbour & needs care. See file.",
            ),
            ("plain  text\r\n with lines", "plain text with lines"),
            (
                "<ul><li>one</li><li>two <b>bold</b></li></ul><ol><li>three</li></ol>",
                "one two bold three",
            ),
            (
                "<h2>Needs</h2><blockquote>She said: <i>now</i></blockquote><hr><pre>as  is</pre>",
                "Needs She said: now as is",
            ),
            (
                "<table border=1><tr><th>Need</th><th>Since</th></tr><tr><td>care</td><td>May</td></tr></table>",
                "Need Since care May",
            ),
            (
                "&lt;not a tag&gt; &eacute;t&#233; | # &gt; አማርኛ",
                "<not a tag> été | # > አማርኛ",
            ),
            ("<a href=\"https://example.org\">link</a>", "link"),
        ] {
            assert_eq!(plain_text(html).as_deref(), Some(text), "{html}");
        }
    }

    #[test]
    fn what_shows_nothing_is_nothing() {
        for html in ["", " \u{a0} ", "<p>&nbsp;</p><br/>", "<!-- comment -->"] {
            assert_eq!(plain_text(html), None, "{html}");
        }
    }
}
