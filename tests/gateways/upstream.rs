//! The API behind a gateway: it tells what reached it.

use std::{net::SocketAddr, sync::mpsc, thread};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use crate::support::site::free_address;

/// Answers each request with its headers as JSON, in a thread of its own, until the test ends.
pub(crate) fn serve() -> SocketAddr {
    let address = free_address();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(|| App::new().default_service(web::to(echo))).workers(1);
            let server = server.disable_signals().bind(address).expect("the address is free").run();
            tell.send(()).expect("the test waits");
            server.await.expect("the server runs");
        });
    });
    told.recv().expect("the server starts");
    address
}

async fn echo(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()));
    let headers: Vec<(String, String)> = headers.collect();
    HttpResponse::Ok().json(serde_json::json!({
        "path": request.path(),
        "headers": headers,
        "body_bytes": body.len(),
    }))
}
