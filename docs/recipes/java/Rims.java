import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.security.GeneralSecurityException;
import java.time.*;
import java.time.format.DateTimeFormatter;
import java.util.*;
import java.util.regex.*;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** RIMS in Java 11 or newer, with nothing but the JDK. Never log licence numbers, names, tokens or keys. */
public final class Rims {
    private static final long TOKEN_LIFE = Duration.ofMinutes(175).toNanos(); // three hours, less five minutes

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build(); // §3.1
    private final String url, authKey, secretKey;
    private String token;
    private long tokenSince;

    public Rims(String url, String authKey, String secretKey) {
        this.url = url;
        this.authKey = authKey;
        this.secretKey = secretKey;
    }

    /** An error of table 5.1; its message is `respCode errorMsg`. */
    public static final class RimsException extends RuntimeException {
        RimsException(String message) { super(message); }
    }

    public static String seal(String plaintext, String secretKey) throws GeneralSecurityException {
        // getBytes() alone takes the machine's charset before Java 18; getMimeEncoder() would break lines.
        byte[] sealed = aes(Cipher.ENCRYPT_MODE, secretKey).doFinal(plaintext.getBytes(UTF_8));
        return Base64.getEncoder().encodeToString(sealed);
    }

    public static String open(String sealed, String secretKey) throws GeneralSecurityException {
        return new String(aes(Cipher.DECRYPT_MODE, secretKey).doFinal(Base64.getDecoder().decode(sealed)), UTF_8);
    }

    private static Cipher aes(int mode, String secretKey) throws GeneralSecurityException {
        // AES-256. The key is text, not hex: its UTF-8 bytes, cut or filled with zeros to 32 (not 16).
        byte[] key = Arrays.copyOf(secretKey.getBytes(UTF_8), 32);
        Cipher cipher = Cipher.getInstance("AES/ECB/PKCS5Padding");
        cipher.init(mode, new SecretKeySpec(key, "AES"));
        return cipher;
    }

    /** `Bearer ...`, kept and used again while it is valid. */
    private synchronized String token(boolean renew) throws IOException, InterruptedException {
        if (renew || token == null || System.nanoTime() - tokenSince > TOKEN_LIFE) {
            // Base64 of the auth key alone: no user name, no colon.
            String basic = "Basic " + Base64.getEncoder().encodeToString(authKey.getBytes(UTF_8));
            HttpResponse<String> response = send("/col/oauth2?grantType=password", basic, null);
            // It comes in the response's header, with an empty body. A refused key gets a body instead.
            token = response.headers().firstValue("Authorization").orElseThrow(() -> failure(response));
            tokenSince = System.nanoTime();
        }
        return token;
    }

    /** The answer to a request, both JSON text. */
    public String post(String path, String json) throws GeneralSecurityException, IOException, InterruptedException {
        String body = object("encryptedData", seal(json, secretKey));
        HttpResponse<String> response = send(path, token(false), body);
        // 401: the token no longer holds. Once more with a new one, and not again.
        if (response.statusCode() == 401) response = send(path, token(true), body);
        // Errors come as HTTP 200, too.
        if (response.statusCode() != 200 || member(response.body(), "respCode") != null) throw failure(response);
        return response.body();
    }

    private HttpResponse<String> send(String path, String authorization, String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(30))
                .header("Authorization", authorization).header("Content-Type", "application/json");
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body)); // UTF-8
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8));
    }

    private static RuntimeException failure(HttpResponse<String> response) {
        String code = member(response.body(), "respCode");
        return code == null
                ? new IllegalStateException("HTTP " + response.statusCode() + " without an answer of RIMS")
                : new RimsException(code + " " + member(response.body(), "errorMsg"));
    }

    /** A JSON object of strings. With Jackson: `new ObjectMapper().writeValueAsString(map)`. */
    static String object(String... namesAndValues) {
        StringBuilder json = new StringBuilder();
        for (int i = 0; i < namesAndValues.length; i++) {
            json.append(i == 0 ? "{\"" : i % 2 == 1 ? ":\"" : ",\"");
            for (char c : namesAndValues[i].toCharArray()) {
                json.append(c < ' ' ? String.format("\\u%04x", (int) c) : c == '"' || c == '\\' ? "\\" + c : "" + c);
            }
            json.append('"');
        }
        return json.append('}').toString();
    }

    /** A string (escapes as they stand) or number of an answer, or null. With Jackson: `readTree(json).at(...)`. */
    static String member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*(\"(?:[^\"\\\\]++|\\\\.)*+\"|-?\\d+)").matcher(json);
        return found.find() ? found.group(1).replaceAll("^\"|\"$", "") : null;
    }

    /** One line, and the exit code. */
    private static int verify(PrintStream out, String licence, String name, String type, String plate)
            throws Exception {
        // Keys come from the environment: arguments are seen by every user of the machine. So would be the driver's
        // data, which real code takes from its own database; the sandbox's driver does not exist.
        Map<String, String> env = System.getenv();
        Rims rims = new Rims(env.get("RIMS_URL"), env.get("RIMS_AUTH_KEY"), env.get("RIMS_SECRET_KEY"));
        // RIMS counts days in Seoul: in UTC it is yesterday until nine in the morning.
        String today = LocalDate.now(ZoneId.of("Asia/Seoul")).format(DateTimeFormatter.BASIC_ISO_DATE);
        try {
            String answer = rims.post("/licenseVerification", object("f_license_no", licence, "f_resident_name", name,
                    "f_licn_con_code", type, "f_from_date", today, "f_to_date", today, "vhcl_reg_no", plate));
            String done = member(answer, "f_rtn_cd"), code = member(answer, "f_rtn_code");
            if (!"0".equals(done) && !"00".equals(done)) { // the licence register refused, and there is no body
                out.println("refused " + done + " " + member(answer, "f_rtn_msg"));
                return 4;
            }
            out.println("00".equals(code) ? "eligible" : "not eligible " + code); // whatever else the code is
            return "00".equals(code) ? 0 : 3;
        } catch (RimsException e) {
            out.println("error " + e.getMessage());
            return 5;
        }
    }

    // From here on: the demonstration.

    private static int vectors(PrintStream out, String file) throws Exception {
        int number = 0;
        for (String line : Files.readAllLines(Path.of(file), UTF_8)) {
            number++;
            String[] fields = line.split("\t");
            String plaintext = new String(Base64.getDecoder().decode(fields[1]), UTF_8);
            if (!seal(plaintext, fields[0]).equals(fields[2]) || !open(fields[2], fields[0]).equals(plaintext)) {
                out.println("line " + number + " differs");
                return 1;
            }
        }
        out.println("ok " + number);
        return 0;
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, UTF_8);
        if (args.length == 2 && args[0].equals("vectors")) System.exit(vectors(out, args[1]));
        if (args.length == 5 && args[0].equals("verify")) System.exit(verify(out, args[1], args[2], args[3], args[4]));
        out.println("usage: Rims vectors FILE | verify LICENCE_NUMBER NAME CLASS PLATE");
        System.exit(2);
    }
}
