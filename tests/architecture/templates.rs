//! What holds of every template.

use std::{fs, path::PathBuf};

use super::{code, files, sources};

#[test]
fn every_template_is_drawn_by_a_page_or_another_template() {
    let code: String = sources("src").iter().map(|path| code(path)).collect();
    let templates = files("templates", "html");
    let all: String = templates.iter().map(|path| fs::read_to_string(path).expect("a template")).collect();
    let unused: Vec<&PathBuf> = templates
        .iter()
        .filter(|path| {
            let name = path.strip_prefix("templates").expect("a template").display().to_string();
            !code.contains(&format!("path = \"{name}\"")) && !all.contains(&format!("\"{name}\""))
        })
        .collect();
    assert!(unused.is_empty(), "nothing draws {unused:?}");
}

#[test]
fn templates_escape_everything_and_hold_nothing_inline() {
    for path in files("templates", "html") {
        let text = fs::read_to_string(&path).expect("a template");
        for wrong in ["|safe", "| safe", "style=\"", "onclick=", "onsubmit=", "javascript:", "<style"] {
            assert!(!text.contains(wrong), "{}: {wrong}", path.display());
        }
        assert!(!text.contains("<script>"), "{}: an inline script", path.display());
    }
}
