use super::code_table;

code_table! {
    /// Table 5.1: the error codes every interface may answer with (공통 API 오류 응답 코드표).
    pub enum ResponseCode(i32) {
        ServerConnectError = -90, "연계 서버와 연결 실패", "the national system could not be reached";
        NotFoundApi = -100, "요청한 API 가 제공되지 않을 경우", "no such interface, or not for this key";
        RimsDatabaseError = -110, "운전자격확인시스템 데이터베이스 오류", "database error inside the RIMS";
        BizinfoIdInvalid = -130, "bizinfo에 첨부된 아이디가 유효하지 않을 경우", "the id in bizinfo is not valid for this caller";
        ClientAuthenticationFailure = -140, "클라이언트 인증 실패", "client authentication failed";
        TokenGenerationError = -150, "토큰 생성 중 오류 발생", "the token could not be generated";
        InvalidParameter = -160, "유효하지 않은 파라미터", "a parameter is not valid";
        MissingParameter = -170, "파라미터 누락", "a parameter is missing";
        InvalidEncryptedData = -180, "규약 위반: encryptedData 필드가 존재하지 않거나 문자열이 아닌 경우", "encryptedData is missing or not a string";
        DecryptionFailure = -190, "복호화 실패: 데이터 복호화에 실패한 경우", "the body could not be decrypted";
        InvalidArraySize = -200, "배열 크기와 요청 건수 불일치", "the array's size differs from the announced count";
        KoroadApiCallFailure = -210, "도로교통공단 API 호출 실패", "KOROAD answered, but not usably";
        VehicleMatchFailure = -220, "차량 매칭에 실패한 경우", "the vehicle is not the company's";
        InvalidRentNo = -230, "유효하지 않은 대여번호인 경우", "the rental number is not valid";
        WorkingVerification = -240, "자격 검증 작업이 끝나지 않은 경우", "the verification is not finished yet";
        InvalidVrfcNo = -260, "유효하지 않은 검증번호인 경우", "the verification number is not valid";
    }
}
