use std::{io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use domain::provisioning::{Count, Extent, Source, plan};
use store::{Deed, Store};

use crate::{commands::say, config::Settings};

/// Takes over a file of people and their classes, if all its lines are right.
pub(crate) async fn run(store: &Store, settings: &Settings, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let bytes = read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let told = roster::csv::parse(&bytes, settings.auth.oidc.issuer.as_deref());
    for wrong in &told.wrong {
        say(&format!("line {}: expected {}", wrong.line, wrong.expected))?;
    }
    let provisioning = store.provisioning();
    let plan = plan(&provisioning.known(Source::Csv).await?, &told.roster, Extent::Part);
    say(&format!("people: {}", counted(plan.report.people)))?;
    say(&format!("groups: {}", counted(plan.report.groups)))?;
    say(&format!("memberships: {}", counted(plan.report.members)))?;
    if !told.wrong.is_empty() {
        bail!("{} lines are wrong; nothing was taken over", told.wrong.len());
    }
    if !dry_run {
        let deed = Deed::ours("people.import").with(serde_json::json!({ "by": "command line" }));
        store.noting(deed).provisioning().carry_out(Source::Csv, &plan).await?;
    }
    Ok(())
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn counted(count: Count) -> String {
    let Count { made, changed, unchanged, gone } = count;
    format!("{made} new, {changed} changed, {unchanged} as they were, {gone} gone")
}
