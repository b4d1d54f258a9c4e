//! `portico serve` and `portico healthcheck`

use std::{io::Write as _, net::TcpStream, time::Duration};

use crate::program::Program;

#[tokio::test]
async fn a_healthy_server_is_told_from_none() {
    let program = Program::new();
    let output = program.run(&["healthcheck"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with(&format!("portico: http://{}/healthz cannot be reached", program.listen)),
        "{said}"
    );
    assert!(!program.path("portico.db").exists(), "asking makes nothing");
    let running = program.serve().await;
    let output = program.run(&["healthcheck"], "");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(running.client.get("/healthz").await.body, "ok\n");
    assert_eq!(running.client.get("/readyz").await.body, "ready\n");
}

#[tokio::test]
async fn both_signals_stop_the_server_with_exit_code_0() {
    for signal in ["-TERM", "-INT"] {
        let program = Program::new();
        let running = program.serve().await;
        running.client.visit("/sign-in").await;
        let (code, log) = running.stop(signal).await;
        assert_eq!(code, Some(0), "{signal}: {log}");
        assert!(log.contains("stopped"), "{signal}: {log}");
        // The address is free again at once, and so is the file.
        program.serve().await.client.visit("/sign-in").await;
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_server_stops() {
    let program = Program::new();
    let running = program.serve().await;
    let form = running.client.visit("/sign-in").await;
    let cookie = form.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let csrf = form.form("/sign-in").value("csrf").expect("a value").to_owned();
    let body = format!("csrf={csrf}&email=ada%40x.example&password=not+the+password");
    let mut stream = TcpStream::connect(program.listen).expect("it listens");
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the head is sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = tokio::spawn(running.stop("-TERM"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream.write_all(body.as_bytes()).expect("the rest is sent");
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    std::io::Read::read_to_string(&mut stream, &mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 422"), "{}", answer.lines().next().unwrap_or_default());
    assert_eq!(stopping.await.expect("it stops").0, Some(0));
}

#[tokio::test]
async fn settings_come_from_the_file_and_the_environment_wins() {
    let program = Program::new();
    program.write(
        "portico.toml",
        "platform_name = \"Harbour\"\nlisten = \"127.0.0.1:1\"\nsign_up = \"invite\"\n",
    );
    let running = program.serve().await;
    let page = running.client.visit("/sign-up").await;
    assert!(page.says("Harbour") && !page.has("form[action='/sign-up']"), "{}", page.text());
}

#[tokio::test]
async fn the_log_can_be_json_a_line() {
    let program = Program::new().with("PORTICO_LOG_FORMAT", "json");
    let running = program.serve().await;
    running.client.visit("/sign-in").await;
    running.says("/sign-in").await;
    let (_, log) = running.stop("-TERM").await;
    let lines: Vec<serde_json::Value> =
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered").expect("an access line");
    assert_eq!(
        (&answered["status"], &answered["method"]),
        (&serde_json::json!(200), &serde_json::json!("GET"))
    );
    // The id stands in the span of the request, with every other line of it.
    assert_eq!(answered["span"]["request_id"].as_str().map(str::len), Some(16));
    // The link to make an admin is for people, and no line of the log.
    let others: Vec<_> = log.lines().filter(|line| !line.starts_with('{')).collect();
    assert!(others.len() <= 2 && others.iter().any(|line| line.contains("/setup?token=")), "{others:?}");
}
