use super::code_table;

code_table! {
    /// Table 5.6: account states (계정 상태 코드표).
    pub enum AccountStatus(&'static str) {
        Normal = "1", "정상", "normal";
        Locked = "2", "잠김", "locked";
        Dormant = "3", "휴면", "dormant";
        Suspended = "4", "정지", "suspended";
        Deleted = "5", "삭제", "deleted";
        Withdrawn = "6", "탈퇴", "withdrawn";
    }
}

code_table! {
    /// Table 5.7: approval states (승인 상태 코드표).
    pub enum Approval(&'static str) {
        Requested = "1", "요청", "requested";
        Approved = "2", "승인", "approved";
        Rejected = "3", "반려", "rejected";
    }
}
