//! `portico user create`, `portico migrate`, and what is no command

use std::process::Output;

use crate::{program::Program, support::authenticator::Authenticator};

const PASSWORD: &str = "correct horse battery";

fn create(program: &Program, email: &str, account: &str, more: &[&str], stdin: &str) -> Output {
    let arguments =
        ["user", "create", "--email", email, "--name", "Ada Osei", "--account", account, "--password-stdin"];
    program.run(&[&arguments[..], more].concat(), stdin)
}

/// What a command that failed says.
fn refused(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "{said}");
    let line = said.lines().last().unwrap_or_default();
    line.strip_prefix("portico: ").unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[tokio::test]
async fn a_name_makes_an_account_and_an_id_joins_it() {
    let program = Program::new();
    let output = create(&program, "ada@x.example", "Labs", &[], &format!("{PASSWORD}\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let id = String::from_utf8(output.stdout).expect("text");
    assert!(id.starts_with("usr_") && id.len() == 31, "the id alone: {id:?}");

    let running = program.serve().await;
    let fields = [("email", "ada@x.example"), ("password", PASSWORD)];
    assert_eq!(running.client.fill("/sign-in", "/sign-in", &fields).await.location(), "/apps");
    let account = running.client.visit("/account").await;
    assert!(account.says("Labs") && account.says("Owner"), "{}", account.text());
    let at = account.body.find("acc_").expect("the page shows the id");
    let account = account.body.get(at..at + 30).expect("30 characters").to_owned();

    // While it serves; a password that ends in a carriage return and a line feed is as good.
    let output = create(&program, "bob@x.example", &account, &[], &format!("{PASSWORD}\r\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bob = crate::support::client::Client::new(running.client.base());
    let fields = [("email", "bob@x.example"), ("password", PASSWORD)];
    assert_eq!(bob.fill("/sign-in", "/sign-in", &fields).await.location(), "/apps");
    let page = bob.visit("/account").await;
    assert!(page.says("Labs") && page.says("Developer"), "{}", page.text());
    // No admin was made, so the way to make one was printed.
    assert!(running.log().contains("/setup?token="));
}

#[tokio::test]
async fn an_admin_made_here_needs_no_link() {
    let program = Program::new();
    assert!(create(&program, "root@x.example", "Staff", &["--admin"], PASSWORD).status.success());
    let running = program.serve().await;
    running.client.visit("/sign-in").await;
    assert!(!running.log().contains("/setup?token="), "{}", running.log());
}

#[test]
fn what_is_wrong_is_said_in_sentences_and_makes_nobody() {
    let program = Program::new();
    for (email, account, stdin, words) in [
        ("ada", "Labs", PASSWORD, "Enter an address such as name@example.com."),
        ("ada@x.example", "", PASSWORD, "Enter the account name."),
        ("ada@x.example", "Labs", "short", "12"),
        ("ada@x.example", "Labs", "", "password"),
        ("ada@x.example", "Labs", "passwordpassword", "password"),
        (
            "ada@x.example",
            "acc_00000000000000000000000000",
            PASSWORD,
            "There is no account acc_00000000000000000000000000.",
        ),
    ] {
        let said = refused(&create(&program, email, account, &[], stdin));
        assert!(said.contains(words), "{email} {account}: {said}");
    }
    let said = refused(&create(&program, "ada", "", &[], "short"));
    for words in ["name@example.com", "the account name", "12"] {
        assert!(said.contains(words), "all at once: {said}");
    }
    assert!(create(&program, "ada@x.example", "Labs", &[], PASSWORD).status.success(), "nobody had it yet");
    let said = refused(&create(&program, "ADA@x.example", "Labs", &[], PASSWORD));
    assert_eq!(said, "There is a user with the address ADA@x.example already.");
}

#[test]
fn migrate_makes_the_tables_and_nothing_else_and_may_run_again() {
    let program = Program::new();
    for _ in 0..2 {
        let output = program.run(&["migrate"], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    assert!(program.path("portico.db").exists());
    assert!(!program.path("portico.key").exists(), "no key is made where nothing is sealed");
}

#[test]
fn what_is_no_command_is_not_understood_and_help_is() {
    let program = Program::new();
    for arguments in
        [&["dance"][..], &["serve", "--loud"], &["user"], &["user", "create", "--email", "a@b.example"]]
    {
        let output = program.run(arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [["--help"], ["--version"]] {
        let output = program.run(&arguments, "");
        assert!(
            output.status.success() && output.stderr.is_empty() && !output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
    assert!(!program.path("portico.db").exists());
}

#[tokio::test]
async fn who_lost_the_app_and_the_codes_is_let_in_by_the_operator() {
    let program = Program::new();
    assert!(create(&program, "ada@x.example", "Labs", &[], PASSWORD).status.success());
    let running = program.serve().await;
    let fields = [("email", "ada@x.example"), ("password", PASSWORD)];
    let client = &running.client;
    assert_eq!(client.fill("/sign-in", "/sign-in", &fields).await.location(), "/apps");
    let page = client.visit("/settings/two-step").await;
    let app = Authenticator::told(&page.texts("#secret").join(""));
    let form = page.form("/settings/two-step").with("password", PASSWORD);
    let page = client.submit(&form.with("code", &app.code_now())).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let door = crate::support::client::Client::new(client.base());
    assert_eq!(door.fill("/sign-in", "/sign-in", &fields).await.location(), "/sign-in/code");

    let reset = |email: &str| program.run(&["user", "reset-two-step", "--email", email], "");
    assert_eq!(refused(&reset("eve@x.example")), "No user has the address eve@x.example.");
    assert!(refused(&reset("ada@")).contains("address"));
    let output = reset("Ada@x.example");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(refused(&reset("ada@x.example")), "ada@x.example has no two-step sign-in.");
    assert!(client.get("/apps").await.location().starts_with("/sign-in"), "every session has ended");
    assert_eq!(door.fill("/sign-in", "/sign-in", &fields).await.location(), "/apps");
}
