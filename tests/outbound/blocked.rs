//! Addresses that nothing is sent to (S55, S58).

use std::net::TcpListener;

use portico::{domain::delivery::failure::Failure, outbound::Settings};

use crate::{
    receiver::Receiver,
    sender::{answer, client, nets, post, settings},
};

#[tokio::test]
async fn without_allowed_networks_no_spelling_of_this_machine_is_reached() {
    let canary = TcpListener::bind("127.0.0.1:0").expect("a port");
    canary.set_nonblocking(true).expect("it does not wait");
    let port = canary.local_addr().expect("an address").port();
    let client = client(Settings::default());
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "localhost.",
        "foo.localhost",
    ] {
        let attempted = post(&client, &format!("https://{host}:{port}/")).await;
        assert_eq!(attempted.result.expect_err(host).why, Failure::Blocked, "{host}");
        // How long it took could tell what is there.
        assert_eq!(attempted.timing, None, "{host}");
    }
    let nobody = canary.accept().expect_err("nobody came");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn the_listeners_of_the_process_are_never_reached() {
    let receiver = Receiver::start();
    let allowed = settings(&receiver.authority_pem);
    let own = Settings { own_listeners: vec![receiver.address], ..allowed.clone() };
    let everywhere = format!("0.0.0.0:{}", receiver.address.port()).parse().expect("an address");
    let everywhere = Settings { own_listeners: vec![everywhere], ..allowed.clone() };
    for settings in [own, everywhere] {
        let attempted = post(&client(settings), &receiver.url("/")).await;
        assert_eq!(attempted.result.expect_err("it is refused").why, Failure::Blocked);
    }
    assert_eq!(receiver.connections(), 0);
    assert_eq!(answer(&client(allowed), &receiver.url("/")).await.status, 204);
}

#[tokio::test]
async fn an_allowed_network_allows_nothing_beside_it() {
    let receiver = Receiver::start();
    let settings = Settings { allowed: nets(&["127.0.0.2/31"]), ..settings(&receiver.authority_pem) };
    let attempted = post(&client(settings), &receiver.url("/")).await;
    assert_eq!(attempted.result.expect_err("it is refused").why, Failure::Blocked);
    assert_eq!(receiver.connections(), 0);
}
