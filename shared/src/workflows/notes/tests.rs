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
        ("<details><summary>Sum</summary>det</details>", "Sum det"),
        ("<p>one<p>two<br>three<BR/>four", "one two three four"),
        ("un<b>believ</b>able H<sub>2</sub>O", "unbelievable H2O"),
        ("<p>Feels <s>well</s> ill</p>", "Feels well ill"),
        ("Line one&#13;&#10;Line two", "Line one Line two"),
        (
            "<P Class='Mso Normal' style=\"a: b\" data-x=1>care<o:p></o:p></P >",
            "care",
        ),
        ("<p title=\"a > b\">care</p>", "care"),
        ("<input disabled value=1>x", "x"),
        ("<?xml:namespace prefix = o ns = \"urn:x\" />care", "care"),
        ("<!DOCTYPE html><html><body>care</body></html>", "care"),
    ] {
        assert_eq!(plain_text(html).as_deref(), Some(text), "{html}");
    }
}

#[test]
fn what_is_no_markup_is_text_and_no_word_is_lost() {
    for text in [
        "Mother <amina@example.org> called; child <5 years, BMI < 15 and > 13",
        "Weight <mother says 12 kg and falling, urgent",
        "<mother says> she is ill",
        "see <https://example.org/a> or <mailto:ali@example.org>",
        "a<!-- open comment never closed, the rest of the note",
        "a <b what the aunt said> b",
        "a <i>b</i here> c",
        "half a <p",
        "half a <p class=\"x",
        "a <p class=\"x> never closed",
        "<> </> <3 <-- <! hm> <?",
        "x <b <p",
    ] {
        let kept = plain_text(text).expect("a text");
        for word in text.split([' ', '<', '>']).filter(|word| word.len() > 1) {
            let is_markup = text.contains("<i>") && ["i", "/i"].contains(&word);
            assert!(is_markup || kept.contains(word), "{word} of {text}: {kept}");
        }
        if !text.contains("<i>") {
            assert_eq!(kept, text);
        }
    }
}

#[test]
fn scripts_styles_and_comments_that_end_are_left_out_whole() {
    for (html, text) in [
        (
            "<p>Age &lt; 5</p><style>p{color:red}</style><script>a<b</SCRIPT><p>after</p>",
            "Age < 5 after",
        ),
        ("a<!-- no --><!--[if mso]><p>no</p><![endif]-->b", "a b"),
        ("<![if !vml]>care<![endif]>", "care"),
        ("<style>the rest of the note", "the rest of the note"),
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

#[test]
fn no_attribute_can_stop_the_reader() {
    for html in [
        "<ol start=9223372036854775807><li>one</li><li>two</li></ol>",
        "<ol start=-9223372036854775808><li>one</li><li>two</li></ol>",
        "<table><tr><td colspan=99999999999>one</td><td rowspan=-1>two</td></tr></table>",
        "<pre>one</pre><ul><li>two",
    ] {
        assert_eq!(plain_text(html).as_deref(), Some("one two"), "{html}");
    }
}

#[test]
fn what_stands_behind_a_deep_nest_is_kept() {
    let nested = format!("{}needs care", "<div>".repeat(100_000));
    assert_eq!(plain_text(&nested).as_deref(), Some("needs care"));
}

#[test]
fn a_note_without_end_is_cut_behind_a_word_and_says_so() {
    let long = plain_text(&"word &amp; ".repeat(50_000)).expect("a text");
    assert!(long.chars().count() <= LONGEST, "{}", long.len());
    assert!(
        long.ends_with("word…") || long.ends_with("&…"),
        "{}",
        &long[long.len() - 20..]
    );
    let exact = "x".repeat(LONGEST);
    assert_eq!(plain_text(&exact).as_deref(), Some(&*exact));
    let without_blanks = plain_text(&"x".repeat(500_000)).expect("a text");
    assert_eq!(without_blanks, format!("{exact}…"));
}
