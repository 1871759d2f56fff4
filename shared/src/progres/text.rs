//! An answer's body as text, whatever a gateway made of its characters.

/// The body as text. A byte-order mark before it is skipped. What is no UTF-8 becomes half a character, so that it spoils the value that
/// it stands in and nothing else.
pub fn of(body: &[u8]) -> String {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str("\\ud800");
        }
    }
    text
}

/// The same JSON with the control characters inside its texts escaped, as JSON wants them: a line break in a note means a line break.
pub fn with_escaped_controls(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let (mut in_text, mut after_backslash) = (false, false);
    for letter in text.chars() {
        if in_text && letter < ' ' {
            escaped.push_str("\\u00");
            let code = u32::from(letter);
            let digits = [code / 16, code % 16].map(|digit| char::from_digit(digit, 16));
            escaped.extend(digits.into_iter().flatten());
        } else {
            escaped.push(letter);
        }
        in_text ^= letter == '"' && !after_backslash;
        after_backslash = in_text && letter == '\\' && !after_backslash;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_skipped_and_what_is_no_text_is_half_a_character() {
        assert_eq!(of(b"\xef\xbb\xbf{}"), "{}");
        assert_eq!(of("é".as_bytes()), "é");
        let latin_1 = of(b"[\"Ren\xe9\",\"Akol\"]");
        assert_eq!(latin_1, r#"["Ren\ud800","Akol"]"#);
    }

    #[test]
    fn a_line_break_inside_a_text_is_escaped_and_one_between_values_is_not() {
        let text = "{\n\"a\": \"one\ntwo \\\"three\\\"\",\n\"b\": \"\\\\\"\n}";
        let escaped = with_escaped_controls(text);
        let read: serde_json::Value = serde_json::from_str(&escaped).expect("JSON");
        assert_eq!(read["a"], "one\ntwo \"three\"");
        assert_eq!(read["b"], "\\");
    }
}
