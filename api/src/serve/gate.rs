use salvo::{
    FlowCtrl, Request, Response,
    http::{
        HeaderValue, Version,
        header::{CONNECTION, HOST},
        uri::Authority,
    },
};

use crate::error::{ApiError, Audience};

/// Lets a request in that says once and clearly which host it is for (RFC 9112 section 3.2). All others are answered
/// with 400 and the end of the connection: who says it twice may have been understood otherwise before us.
#[salvo::handler]
pub(super) async fn gate(req: &mut Request, res: &mut Response, ctrl: &mut FlowCtrl) {
    if let Err(wrong) = check(req) {
        ApiError::Malformed(wrong.to_owned()).render(&Audience::of(req), res);
        if req.version() < Version::HTTP_2 {
            res.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        ctrl.skip_rest();
    }
}

fn check(req: &Request) -> Result<(), &'static str> {
    let mut hosts = req.headers().get_all(HOST).iter();
    let target = req.uri().authority();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err("Host: expected once"),
        (Some(host), None) => match authority(host) {
            // an origin-form target was given its authority from the host by the framework
            Some(host) if target.is_none_or(|target| *target == host) => Ok(()),
            Some(_) => Err("Host: expected the host of the request's target"),
            None => Err("Host: expected a host and perhaps a port"),
        },
        // HTTP/2 has `:authority` for it, and HTTP/1.0 knew no hosts
        (None, _) if req.version() == Version::HTTP_11 || (req.version() == Version::HTTP_2 && target.is_none()) => {
            Err("Host: expected one")
        }
        (None, _) => Ok(()),
    }
}

fn authority(host: &HeaderValue) -> Option<Authority> {
    let host: Authority = host.to_str().ok()?.parse().ok()?;
    (!host.as_str().contains('@') && !host.host().is_empty()).then_some(host)
}
