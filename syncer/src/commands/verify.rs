use anyhow::bail;
use common::repository::Repository;
use indicatif::ProgressBar;

use super::output::print;
use crate::progress::TICK;

pub(super) async fn verify(repository: &Repository) -> anyhow::Result<()> {
    let progress = ProgressBar::new_spinner().with_message("verifying");
    progress.enable_steady_tick(TICK);
    let report = repository.verify().await;
    progress.finish_and_clear();
    let report = report?;
    for defect in &report.defects {
        print(&format!("{}; {}", defect.damage, defect.remedy));
    }
    match report.defects.len() {
        0 => {}
        1 => bail!("the database is damaged in 1 place"),
        places => bail!("the database is damaged in {places} places"),
    }
    print(&if report.version == 0 {
        "nothing is damaged; nothing has been published yet".to_owned()
    } else {
        format!(
            "nothing is damaged: version {} (items: {}, parts: {}), the readable collections and all \
             tables",
            report.version, report.items, report.parts
        )
    });
    Ok(())
}
