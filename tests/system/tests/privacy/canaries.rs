//! Values that stand nowhere else, so a leak names itself.

/// Personal values, all different and all known.
#[derive(Default)]
pub struct Canaries(Vec<String>);

impl Canaries {
    /// A text that says where it belongs.
    pub fn text(&mut self, field: &str) -> String {
        let place = field.replace(|c: char| !c.is_ascii_alphabetic(), "");
        let canary = format!("Zq{:03}{place}", self.0.len());
        self.note(&canary);
        canary
    }

    /// A day that no other record and no clock shows.
    pub fn birth_date(&mut self) -> String {
        let n = self.0.len();
        let canary = format!("20{:02}-{:02}-{:02}", 10 + n % 9, 1 + n % 7, 1 + n % 27);
        self.note(&canary);
        canary
    }

    /// Counts a value as personal that was made elsewhere.
    pub fn note(&mut self, value: &str) {
        assert!(value.len() > 5, "{value:?} could stand anywhere");
        self.0.push(value.to_owned());
    }

    pub fn found_in(&self, text: &str) -> Vec<&str> {
        let all = self.0.iter().map(String::as_str);
        all.filter(|canary| text.contains(canary)).collect()
    }
}
