//! A bare handler: what actix-web does at least for such an answer.

use std::{io, net::SocketAddr};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::{HeaderName, HeaderValue},
    web::{Data, resource},
};

use crate::Result;

struct Headers(Vec<(HeaderName, HeaderValue)>);

/// Answers everything with 200 and the headers that stand in standard input, a line each.
pub(crate) fn serve(listen: SocketAddr) -> Result<()> {
    let mut headers = Vec::new();
    for line in io::stdin().lines() {
        let line = line?;
        let (name, value) = line.split_once(": ").ok_or("a header has no value")?;
        headers.push((name.parse()?, value.parse()?));
    }
    let headers = Data::new(Headers(headers));
    let server = HttpServer::new(move || {
        App::new().app_data(headers.clone()).service(resource("/authorize").to(to_everything))
    });
    actix_web::rt::System::new().block_on(server.workers(1).bind(listen)?.run())?;
    Ok(())
}

async fn to_everything(headers: Data<Headers>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for (name, value) in &headers.0 {
        response.insert_header((name.clone(), value.clone()));
    }
    response.finish()
}
