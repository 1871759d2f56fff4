//! Primero's error bodies: four shapes, of which only names of fields are taken.

use serde_json::Value;

/// The field names that an error body complains of, such as `/date_of_birth`. Anything else in it may be personal and is dropped.
pub fn fields_at_fault(body: &[u8]) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let errors = body
        .get("errors")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let mut fields: Vec<String> = errors
        .iter()
        .filter_map(|error| error.get("detail"))
        .flat_map(|detail| {
            detail
                .as_array()
                .map_or(std::slice::from_ref(detail), Vec::as_slice)
        })
        .filter_map(Value::as_str)
        .filter(|entry| is_field_path(entry))
        .map(str::to_owned)
        .collect();
    fields.sort();
    fields.dedup();
    fields
}

/// Whether an error body says that the CSRF token is missing or of another session.
pub fn lacks_csrf_token(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let errors = body.get("errors").and_then(Value::as_array);
    let mut messages = errors
        .into_iter()
        .flatten()
        .filter_map(|error| error.get("message").and_then(Value::as_str));
    messages.any(|message| message.contains("CSRF token"))
}

fn is_field_path(entry: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '/';
    entry.starts_with('/') && entry.len() <= 120 && entry.chars().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_paths_are_taken_from_text_or_list_and_once() {
        let body = br#"{"errors":[{"status":422,"detail":["/age","/age","/services_section/0/service_type"]},{"detail":"/sex"}]}"#;
        assert_eq!(
            fields_at_fault(body),
            ["/age", "/services_section/0/service_type", "/sex"]
        );
    }

    #[test]
    fn a_missing_csrf_token_is_told_from_a_missing_permission() {
        let body = br#"{"errors":[{"status":403,"resource":"/api/v2/tokens","message":"Can't verify CSRF token authenticity."}]}"#;
        assert!(lacks_csrf_token(body));
        let body =
            br#"{"errors":[{"status":403,"resource":"/api/v2/users","message":"Forbidden"}]}"#;
        assert!(!lacks_csrf_token(body));
        assert!(!lacks_csrf_token(b"CSRF token"));
    }

    #[test]
    fn everything_else_is_dropped() {
        for body in [
            r#"{"errors":[{"detail":"Couldn't find Child with 'id'=\"abc\""}]}"#,
            r#"{"errors":[{"detail":"/Lindiwe Okello"}]}"#,
            r#"{"error":"Invalid user name or password."}"#,
            "Retry later\n",
            "",
        ] {
            assert!(fields_at_fault(body.as_bytes()).is_empty(), "{body}");
        }
    }
}
