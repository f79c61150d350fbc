// RIMS in Kotlin 1.3 or newer on Java 11 or newer: token, seal, verify; open for debugging. Nothing but the JDK.
// Never log licence numbers, names, tokens or keys. Nothing here does.

import java.io.File
import java.io.PrintStream
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.time.LocalDate
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import java.util.Base64
import javax.crypto.Cipher
import javax.crypto.spec.SecretKeySpec
import kotlin.system.exitProcess

private val TOKEN_LIFE = Duration.ofMinutes(3 * 60 - 5).toNanos() // so that it does not end on the way

/** AES-256. The key is text, not hex: its UTF-8 bytes, cut or filled with zeros to 32 (not 16). */
private fun aes(mode: Int, secretKey: String) = Cipher.getInstance("AES/ECB/PKCS5Padding").apply {
    init(mode, SecretKeySpec(secretKey.toByteArray(Charsets.UTF_8).copyOf(32), "AES"))
}

// Not getMimeEncoder() or Android's Base64.DEFAULT: they break lines.
fun seal(plaintext: String, secretKey: String): String = Base64.getEncoder()
    .encodeToString(aes(Cipher.ENCRYPT_MODE, secretKey).doFinal(plaintext.toByteArray(Charsets.UTF_8)))

fun open(sealed: String, secretKey: String) =
    String(aes(Cipher.DECRYPT_MODE, secretKey).doFinal(Base64.getDecoder().decode(sealed)), Charsets.UTF_8)

/** An error of table 5.1; its message is `respCode errorMsg`. */
class RimsException(message: String) : RuntimeException(message)

class Rims(private val url: String, private val authKey: String, private val secretKey: String) {
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build() // §3.1
    private var token: String? = null
    private var tokenSince = 0L

    /** `Bearer ...`, kept and used again while it is valid. */
    @Synchronized
    private fun token(renew: Boolean = false): String {
        val kept = token
        if (kept != null && !renew && System.nanoTime() - tokenSince < TOKEN_LIFE) return kept
        // Base64 of the auth key alone: no user name, no colon.
        val basic = "Basic " + Base64.getEncoder().encodeToString(authKey.toByteArray(Charsets.UTF_8))
        val response = send("/col/oauth2?grantType=password", basic)
        // It comes in the response's header, with an empty body. A refused key gets a body instead.
        return response.headers().firstValue("Authorization").orElseThrow { failure(response) }.also {
            token = it
            tokenSince = System.nanoTime()
        }
    }

    /** The answer to a request, both JSON text. */
    fun post(path: String, json: String): String {
        val body = jsonObject("encryptedData" to seal(json, secretKey))
        var response = send(path, token(), body)
        // 401: the token no longer holds. Once more with a new one, and not again.
        if (response.statusCode() == 401) response = send(path, token(renew = true), body)
        // Errors come as HTTP 200, too.
        if (response.statusCode() != 200 || member(response.body(), "respCode") != null) throw failure(response)
        return response.body()
    }

    private fun send(path: String, authorization: String, body: String? = null): HttpResponse<String> {
        val request = HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(30))
            .header("Authorization", authorization).header("Content-Type", "application/json")
        if (body != null) request.POST(BodyPublishers.ofString(body)) // UTF-8
        return http.send(request.build(), BodyHandlers.ofString(Charsets.UTF_8))
    }

    private fun failure(response: HttpResponse<String>): RuntimeException {
        val code = member(response.body(), "respCode")
            ?: return IllegalStateException("HTTP ${response.statusCode()} without an answer of RIMS")
        return RimsException("$code ${member(response.body(), "errorMsg")}")
    }
}

/** A JSON object of strings; with kotlinx.serialization, `Json.encodeToString(map)`. */
fun jsonObject(vararg members: Pair<String, String>) =
    members.joinToString(",", "{", "}") { (name, value) -> "\"$name\":\"${escaped(value)}\"" }

private fun escaped(text: String) = text.map {
    if (it < ' ') "\\u%04x".format(it - '\u0000') else if (it == '"' || it == '\\') "\\$it" else "$it"
}.joinToString("")

/** A string (escapes as they stand) or number of an answer, or null. Properly: `Json.parseToJsonElement`. */
fun member(json: String, name: String): String? {
    val found = Regex("\"$name\"\\s*:\\s*(\"(?:[^\"\\\\]++|\\\\.)*+\"|-?\\d+)").find(json)
    return found?.groupValues?.get(1)?.removeSurrounding("\"")
}

/** One line, and the exit code. */
fun verify(rims: Rims, licence: String, name: String, type: String, plate: String): Pair<String, Int> {
    // RIMS counts days in Seoul: in UTC it is yesterday until nine in the morning.
    val today = LocalDate.now(ZoneId.of("Asia/Seoul")).format(DateTimeFormatter.BASIC_ISO_DATE)
    val request = jsonObject(
        "f_license_no" to licence, "f_resident_name" to name, "f_licn_con_code" to type,
        "f_from_date" to today, "f_to_date" to today, "vhcl_reg_no" to plate
    )
    val answer = try {
        rims.post("/licenseVerification", request)
    } catch (e: RimsException) {
        return "error ${e.message}" to 5
    }
    val done = member(answer, "f_rtn_cd")
    val code = member(answer, "f_rtn_code")
    return when {
        // Refused by the licence register: then there is no body.
        done != "0" && done != "00" -> "refused $done ${member(answer, "f_rtn_msg")}" to 4
        code == "00" -> "eligible" to 0
        else -> "not eligible $code" to 3 // 00 alone is eligible, whatever else the code is
    }
}

// From here on: the demonstration.

fun vectors(file: String): Pair<String, Int> {
    val lines = File(file).readLines()
    for ((index, line) in lines.withIndex()) {
        val (secretKey, encoded, sealed) = line.split("\t")
        val plaintext = String(Base64.getDecoder().decode(encoded), Charsets.UTF_8)
        if (seal(plaintext, secretKey) != sealed || open(sealed, secretKey) != plaintext) {
            return "line ${index + 1} differs" to 1
        }
    }
    return "ok ${lines.size}" to 0
}

fun main(args: Array<String>) {
    val (line, status) = when {
        args.size == 2 && args[0] == "vectors" -> vectors(args[1])
        args.size == 5 && args[0] == "verify" -> {
            // Keys come from the environment: arguments are seen by every user of the machine. So would be the
            // driver's data, which real code takes from its own database; the sandbox's driver does not exist.
            val (url, authKey, secretKey) = listOf("RIMS_URL", "RIMS_AUTH_KEY", "RIMS_SECRET_KEY").map(System::getenv)
            verify(Rims(url, authKey, secretKey), args[1], args[2], args[3], args[4])
        }
        else -> "usage: vectors FILE | verify LICENCE_NUMBER NAME CLASS PLATE" to 2
    }
    PrintStream(System.out, true, "UTF-8").println(line)
    exitProcess(status)
}
