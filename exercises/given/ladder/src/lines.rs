//! Lines that fit a terminal.

/// Nothing is wider; a terminal may be no wider either.
pub const WIDTH: usize = 80;

/// Text broken into lines that fit, the later ones indented.
pub fn wrapped(start: &str, text: &str) -> String {
    let mut out = String::new();
    let mut line = start.trim_end().to_owned();
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = format!("  {word}");
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    out.push_str(line.trim_end());
    out.push('\n');
    out
}
