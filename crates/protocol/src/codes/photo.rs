use super::code_table;

code_table! {
    /// Table 5.11: the licence-photo check's answers (면허 사진 검증 코드표).
    pub enum PhotoCheck(&'static str) {
        Genuine = "1", "정상", "genuine";
        FeatureFormat = "-1", "면허 사진 특징점 형식 불일치", "the photo's feature data has a wrong format";
        Photo11 = "11", "정보불일치(면허 사진)", "mismatch: licence photo";
        Photo13 = "13", "정보불일치(면허 사진)", "mismatch: licence photo";
        FeatureMissing = "19", "면허 사진 특징점 누락", "the photo's feature data is missing";
        ResidentNumber = "31", "정보불일치(주민등록번호)", "mismatch: resident registration number";
        Name = "32", "정보불일치(이름)", "mismatch: name";
        IssueDate = "33", "정보불일치(발급일자)", "mismatch: date of issue";
        LicenceNumber39 = "39", "정보불일치(면허번호)", "mismatch: licence number";
        LicenceNumber42 = "42", "정보불일치(면허번호)", "mismatch: licence number";
        Format = "88", "정보 형식 불일치", "the data has a wrong format";
        Unreachable = "-500", "신분증 진위여부 서버 통신 실패", "the photo check could not be reached";
    }
}
