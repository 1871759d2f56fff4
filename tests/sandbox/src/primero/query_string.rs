//! Query strings the way Rails reads them: `a=1`, `a[]=1`, `a[0]=1`, `or[0][field]=1`.

/// One `name[key][key]=value`, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// What stood in the brackets, outermost first; an empty text for `[]`.
    pub(super) keys: Vec<String>,
    pub(super) value: String,
}

/// All parameters in the order sent.
#[derive(Clone, Debug, Default)]
pub(super) struct QueryString(Vec<Parameter>);

impl QueryString {
    pub(super) fn read(raw: Option<&str>) -> Self {
        let pairs = raw
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        Self(pairs.map(read_parameter).collect())
    }

    pub(super) fn parameters(&self) -> &[Parameter] {
        &self.0
    }

    /// The plain value (no brackets) of a name; the last one wins.
    pub(super) fn plain(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter().rev();
        all.find(|p| p.name == name && p.keys.is_empty())
            .map(|p| p.value.as_str())
    }
}

fn read_parameter(pair: &str) -> Parameter {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = decode(name);
    let (base, brackets) = name.split_at(name.find('[').unwrap_or(name.len()));
    let keys = brackets
        .split('[')
        .skip(1)
        .map(|key| key.trim_end_matches(']').to_owned())
        .collect();
    Parameter {
        name: base.to_owned(),
        keys,
        value: decode(value),
    }
}

/// Percent decoding with `+` as a blank.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(hex_byte);
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(if first == b'+' { b' ' } else { first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    Some(digit(digits[0])? << 4 | digit(digits[1])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_become_keys_also_when_they_come_escaped() {
        let query = QueryString::read(Some("or%5B0%5D%5Bcase_id%5D=a%26b&sex[]=f+m"));

        let first = &query.parameters()[0];
        assert_eq!((first.name.as_str(), first.value.as_str()), ("or", "a&b"));
        assert_eq!(first.keys, ["0", "case_id"]);
        let second = &query.parameters()[1];
        assert_eq!(
            (second.keys[0].as_str(), second.value.as_str()),
            ("", "f m")
        );
    }
}
