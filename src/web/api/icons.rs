//! `GET /icons/{hash}`: an app's icon, for good under its hash.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};

use crate::{
    actions::{Context, information},
    domain::icon::IconHash,
    web::{error::PageError, respond::PageResult},
};

pub(in crate::web) async fn get(ctx: Data<Context>, path: Path<String>) -> PageResult {
    let hash: IconHash = path.parse().map_err(|_| PageError::NotFound)?;
    let png = information::icon(&ctx, &hash).await?.ok_or(PageError::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::CONTENT_DISPOSITION, "inline; filename=\"icon.png\""))
        .body(png))
}
