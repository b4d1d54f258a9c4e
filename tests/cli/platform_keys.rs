//! `portico platform-key create`

use crate::program::Program;

#[test]
fn the_key_stands_alone_on_standard_output() {
    let program = Program::new();
    let mut keys = Vec::new();
    for _ in 0..2 {
        let output = program.run(&["platform-key", "create", "--name", "Event publisher"], "");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{said}");
        let line = String::from_utf8(output.stdout).expect("text");
        let key = line.strip_suffix('\n').expect("a line").to_owned();
        assert!(key.parse::<portico::domain::credential::PlatformKey>().is_ok(), "{line:?}");
        assert!(!said.contains(&key), "the log does not say it");
        keys.push(key);
    }
    assert_ne!(keys[0], keys[1]);
    let kept = std::fs::read(program.path("portico.db")).expect("the database");
    let wal = std::fs::read(program.path("portico.db-wal")).unwrap_or_default();
    let kept = String::from_utf8_lossy(&[kept, wal].concat()).into_owned();
    assert!(kept.contains("Event publisher"), "the name is kept");
    assert!(keys.iter().all(|key| !kept.contains(key.as_str())), "the key is not");
}

#[test]
fn a_name_that_cannot_be_is_refused_in_a_sentence() {
    let program = Program::new();
    assert_eq!(program.complaint(&["platform-key", "create", "--name", " "]), "Enter the name.");
    let long = "x".repeat(101);
    let complaint = program.complaint(&["platform-key", "create", "--name", &long]);
    assert_eq!(complaint, "The name must be at most 100 characters; it has 101.");
    for arguments in [&["platform-key"][..], &["platform-key", "create"], &["platform-key", "create", "Name"]]
    {
        assert_eq!(program.run(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
    assert!(!program.path("portico.db").exists());
}
