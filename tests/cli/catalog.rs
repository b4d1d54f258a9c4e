//! `portico catalog export` and `portico catalog import`

use serde_json::{Value, json};

use crate::program::Program;

fn export(program: &Program) -> String {
    let output = program.run(&["catalog", "export"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What an import that came off says.
fn import(program: &Program, text: &str) -> String {
    program.write("catalog.json", text);
    let output = program.run(&["catalog", "import", "catalog.json"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// The lines of one that was refused, without the program's name.
fn refused(program: &Program, text: &str) -> Vec<String> {
    program.write("catalog.json", text);
    let output = program.run(&["catalog", "import", "catalog.json"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).expect("text");
    said.lines().filter_map(|line| line.strip_prefix("portico: ")).map(str::to_owned).collect()
}

fn entry(name: &str) -> Value {
    json!({ "name": name, "group": "Invoices", "description": "It was paid", "example": { "id": "i_1" } })
}

fn of(entries: &[Value]) -> String {
    json!({ "event_types": entries }).to_string()
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let (one, other) = (Program::new(), Program::new());
    let exported = export(&one);
    assert_eq!(
        import(&one, &exported),
        "scopes: created 0, changed 0, unchanged 6\nevent types: created 0, changed 0, unchanged 15"
    );
    assert_eq!(export(&one), exported);
    // Spelling and order of an example are kept.
    let paid = r#"{"name": "invoice.paid", "group": "Meetings", "description": "It was paid",
        "example": {"b": 1.50, "a": "é"}, "retired": true}"#;
    let changed = exported.replacen("\"event_types\": [", &format!("\"event_types\": [{paid},"), 1);
    assert_eq!(
        import(&one, &changed),
        "scopes: created 0, changed 0, unchanged 6\nevent types: created 1, changed 0, unchanged 15"
    );
    let exported = export(&one);
    assert!(exported.contains(r#"{"b":1.50,"a":"é"}"#), "{exported}");
    assert_eq!(
        import(&other, &exported),
        "scopes: created 0, changed 0, unchanged 6\nevent types: created 1, changed 0, unchanged 15"
    );
    assert_eq!(export(&other), exported, "order and all");
    assert_eq!(
        import(&other, &exported),
        "scopes: created 0, changed 0, unchanged 6\nevent types: created 0, changed 0, unchanged 16"
    );
}

#[test]
fn an_import_changes_what_it_lists_alone_and_is_written_down() {
    let program = Program::new();
    let file = of(&[entry("invoice.paid"), entry("user.created")]);
    assert_eq!(
        import(&program, &file),
        "scopes: created 0, changed 0, unchanged 0\nevent types: created 1, changed 1, unchanged 0"
    );
    assert_eq!(
        import(&program, &file),
        "scopes: created 0, changed 0, unchanged 0\nevent types: created 0, changed 0, unchanged 2"
    );
    let read: Value = serde_json::from_str(&export(&program)).expect("JSON");
    let types = read["event_types"].as_array().expect("entries");
    assert_eq!(types.len(), 16);
    assert!(types.iter().all(|one| one["retired"] == json!(false)), "{types:?}");
    let output = program.run(&["audit", "verify"], "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("whole: chains 1, entries 2"), "{said}");
}

#[test]
fn every_wrong_entry_is_named_with_what_would_be_right_and_nothing_is_imported() {
    let program = Program::new();
    let before = export(&program);
    let mut wrong =
        [entry("Invoice"), entry("invoice.paid"), entry("invoice.paid"), entry("a.b"), entry("a.c")];
    wrong[0]["group"] = json!("");
    wrong[3]["example"] = json!([1]);
    wrong[4]["colour"] = json!("red");
    let mut entries = wrong.to_vec();
    entries.push(json!({ "name": "a.d" }));
    entries.push(json!(7));
    let said = refused(&program, &of(&entries));
    let expected = [
        "catalog.json is not imported, since not all of it can be",
        "entry 1 (“Invoice”): The name must be two words or more joined by dots, such as “meeting.started”",
        "entry 1 (“Invoice”): Enter the group.",
        "entry 3 (“invoice.paid”): Entry 2 has this name too; list each event type once.",
        "entry 4 (“a.b”): The example must be a JSON object",
        "entry 5 (“a.c”): It must have `name`, `group`, `description`, `example` and perhaps `scope` and `retired`: unknown field `colour`",
        "entry 6 (“a.d”): It must have `name`, `group`, `description`, `example` and perhaps `scope` and `retired`: missing field `group`.",
        "entry 7: It must have",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (line, words) in said.iter().zip(expected) {
        assert!(line.starts_with(words), "{line}");
    }
    assert_eq!(export(&program), before);
}

#[test]
fn scopes_go_there_and_back_with_what_needs_them() {
    let (one, other) = (Program::new(), Program::new());
    let mut file = json!({
        "scopes": [{ "name": "invoice:read", "description": "See invoices" },
            { "name": "user:write", "description": "Change people", "retired": true }],
        "event_types": [entry("invoice.paid"), entry("user.created")],
    });
    file["event_types"][0]["scope"] = json!("invoice:read");
    let said = "scopes: created 1, changed 1, unchanged 0\nevent types: created 1, changed 1, unchanged 0";
    assert_eq!(import(&one, &file.to_string()), said);
    let exported = export(&one);
    let read: Value = serde_json::from_str(&exported).expect("JSON");
    let scope_of = |name: &str| {
        let types = read["event_types"].as_array().expect("entries");
        types.iter().find(|one| one["name"] == name).map(|one| one["scope"].clone()).unwrap_or_default()
    };
    assert_eq!(scope_of("invoice.paid"), "invoice:read");
    assert_eq!(scope_of("user.created"), "user:read", "the file says nothing of it");
    assert_eq!(read["scopes"][6]["name"], "invoice:read");
    import(&other, &exported);
    assert_eq!(export(&other), exported);
    file["event_types"][1]["scope"] = Value::Null;
    import(&one, &file.to_string());
    // Beside the one that tells of the end of a grant, for which no scope is needed.
    assert_eq!(export(&one).matches(r#""scope": null"#).count(), 2);
}

#[test]
fn a_scope_that_is_wrong_or_unknown_is_named() {
    let program = Program::new();
    let before = export(&program);
    let mut unknown = entry("invoice.paid");
    unknown["scope"] = json!("invoice:read");
    let mut wrong = entry("a.b");
    wrong["scope"] = json!("Invoices");
    let scopes = [
        json!({ "name": "Invoice", "description": "" }),
        json!({ "name": "a:b", "description": "x" }),
        json!({ "name": "a:b", "description": "x" }),
        json!({ "name": "a:c" }),
    ];
    let said = refused(&program, &json!({ "scopes": scopes, "event_types": [unknown, wrong] }).to_string());
    let expected = [
        "catalog.json is not imported, since not all of it can be",
        "scope 1 (“Invoice”): The name must be",
        "scope 1 (“Invoice”): Enter the description.",
        "scope 3 (“a:b”): Scope 2 has this name too; list each scope once.",
        "scope 4 (“a:c”): It must have `name`, `description` and perhaps `retired`: missing field",
        "entry 2 (“a.b”): The scope must be",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (line, words) in said.iter().zip(expected) {
        assert!(line.starts_with(words), "{line}");
    }
    let mut unknown = entry("invoice.paid");
    unknown["scope"] = json!("invoice:read");
    let said = refused(&program, &of(&[unknown]));
    assert!(said[1].starts_with("“invoice.paid” needs the scope “invoice:read”"), "{said:?}");
    assert_eq!(export(&program), before);
}

#[test]
fn what_is_no_catalog_is_refused_with_its_place() {
    let program = Program::new();
    for (text, words) in [
        ("{\n  \"event_types\": [\n    nonsense", "line 3 column"),
        ("[]", "is no catalog"),
        ("{}", "missing field `event_types`"),
        ("{\"event_types\": [], \"grants\": []}", "unknown field `grants`"),
        ("", "line 1 column 0"),
    ] {
        let said = refused(&program, text).join(" ");
        assert!(said.starts_with("catalog.json is no catalog") && said.contains(words), "{said}");
    }
    let missing = program.complaint(&["catalog", "import", "nowhere.json"]);
    assert!(missing.starts_with("nowhere.json cannot be read: No such file"), "{missing}");
    assert!(!program.path("portico.db").exists(), "nothing was opened for it");
    for arguments in [&["catalog"][..], &["catalog", "import"], &["catalog", "export", "file"]] {
        assert_eq!(program.run(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
}
