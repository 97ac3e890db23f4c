use salvo::{FlowCtrl, Request, Response, catcher::Catcher, http::StatusCode};

use crate::{
    error::{ApiError, Audience},
    extract::MAX_BODY,
};

/// What the framework would answer by itself, as a problem of ours.
pub(crate) fn catcher() -> Catcher {
    Catcher::default().hoop(problem_instead)
}

#[salvo::handler]
async fn problem_instead(req: &mut Request, res: &mut Response, ctrl: &mut FlowCtrl) {
    let error = match res.status_code {
        Some(StatusCode::NOT_FOUND) => ApiError::NotFound("path"),
        Some(StatusCode::METHOD_NOT_ALLOWED) => ApiError::Method,
        Some(StatusCode::PAYLOAD_TOO_LARGE) => ApiError::TooLarge(MAX_BODY),
        Some(StatusCode::BAD_REQUEST) => ApiError::Malformed("the request is malformed".to_owned()),
        _ => ApiError::Internal,
    };
    error.render(&Audience::of(req), res);
    ctrl.skip_rest();
}
