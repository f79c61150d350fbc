use rims_client::advice::{Advice, for_licence, for_processing, for_response};
use rims_client::codes::{
    AccountStatus, ApiType, Approval, Coded, KnownProcessing, LicenceClass, LicenceStatus, PhotoCheck,
    Recurrence, RentalStatus, ResponseCode, SearchType,
};

use super::Finding;
use crate::language::{pick, say};
use crate::output::Failure;

/// Every table that has the code, the ones that explain a failure first.
pub(super) fn explain(code: &str) -> Result<Vec<Finding>, Failure> {
    let code = code.trim();
    let mut findings: Vec<Finding> = [
        row(code, "respCode (§5.1)", |row: ResponseCode| Some(for_response(row))),
        row(code, "f_rtn_code (§5.2)", |row: LicenceStatus| Some(for_licence(row))),
        row(code, "header.f_rtn_cd (§5.3)", |row: KnownProcessing| Some(for_processing(row))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if findings.is_empty() {
        findings = [
            row(code, "f_licn_con_code (§5.4)", |_: LicenceClass| None),
            row(code, "acnt_stts_cd (§5.6)", |_: AccountStatus| None),
            row(code, "aprv_stts_cd (§5.7)", |_: Approval| None),
            row(code, "repeat_period (§5.10)", |_: Recurrence| None),
            row(code, "police_lcns_vrfc_cd (§5.11)", |_: PhotoCheck| None),
            row(code, "com_api_type (§5.12)", |_: ApiType| None),
            row(code, "search_type (§5.13)", |_: SearchType| None),
            row(code, "rent_stts_cd (§4.2.8)", |_: RentalStatus| None),
        ]
        .into_iter()
        .flatten()
        .collect();
    }
    if findings.is_empty() {
        return Err(Failure::Input(say!(
            "규약의 어느 코드표에도, 파일로도 없습니다: {code} (`rims codes`)",
            "no table of the specification has it, and no such file is there: {code} (see `rims codes`)"
        )));
    }
    Ok(findings)
}

/// The row of one table.
pub(super) fn row<T: Coded>(
    code: &str,
    member: &str,
    advice: impl Fn(T) -> Option<Advice>,
) -> Option<Finding> {
    let row = T::from_text(code)?;
    let meaning = pick(row.korean(), row.english());
    let advice = advice(row).map(|advice| pick(advice.korean, advice.english));
    Some(Finding::new(format!("{member} {code}: {meaning}"), advice.unwrap_or_default()))
}
