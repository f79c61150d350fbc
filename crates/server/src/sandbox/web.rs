use std::net::SocketAddr;

use axum::Router;
use axum::response::Html;
use axum::routing::get;

/// The sandbox's web: a page that says where everything is. The portal and the mobile page will live here.
pub(super) fn router(api: SocketAddr) -> Router {
    Router::new().route("/", get(async move || Html(page(api))))
}

fn page(api: SocketAddr) -> String {
    format!(
        r#"<!doctype html>
<html lang="ko">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>RIMS sandbox</title></head>
<body>
<h1>RIMS sandbox</h1>
<p>운전자격확인 API: <code>http://{api}</code></p>
<p lang="en">The interfaces of the specification answer at <code>http://{api}</code>; the accounts and keys are
printed by <code>rims sandbox credentials --json</code>.</p>
</body>
</html>
"#
    )
}
