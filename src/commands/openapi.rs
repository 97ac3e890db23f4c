use std::io::Write as _;

pub(crate) fn run() -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(api::openapi_document().as_bytes())?)
}
