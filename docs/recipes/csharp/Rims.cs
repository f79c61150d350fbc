// RIMS in C# 7 or newer: token, seal, verify; Open for debugging. Nothing but .NET's own libraries.
// Never log licence numbers, names, tokens or keys. Nothing here does.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;

/// <summary>An error of table 5.1; its message is "respCode errorMsg".</summary>
public sealed class RimsException : Exception
{
    public RimsException(string message) : base(message) { }
}

/// <summary>The answer to /licenseVerification, or an error. System.Text.Json reads it with IncludeFields.</summary>
public sealed class Answer
{
    public sealed class Header { public string f_rtn_cd, f_rtn_msg; }
    public sealed class Body { public string f_rtn_code; }
    public Header header;
    public Body body;
    public int? respCode;
    public string errorMsg;
}

public sealed class Rims
{
    static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(3 * 60 - 5); // so that it does not end on the way
    static readonly HttpClient Http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
    readonly string url, authKey, secretKey;
    string token;
    Stopwatch tokenAge;

    public Rims(string url, string authKey, string secretKey)
    {
        this.url = url;
        this.authKey = authKey;
        this.secretKey = secretKey;
    }

    // Convert's Base64 has padding and no line breaks.
    public static string Seal(string plaintext, string secretKey) =>
        Convert.ToBase64String(Crypt(Encoding.UTF8.GetBytes(plaintext), secretKey, true));

    public static string Open(string encryptedData, string secretKey) =>
        Encoding.UTF8.GetString(Crypt(Convert.FromBase64String(encryptedData), secretKey, false));

    static byte[] Crypt(byte[] data, string secretKey, bool encrypt)
    {
        // AES-256. The key is text, not hex: its UTF-8 bytes, cut or filled with zeros to 32 (not 16).
        byte[] key = Encoding.UTF8.GetBytes(secretKey);
        Array.Resize(ref key, 32);
        using (Aes aes = Aes.Create())
        {
            aes.Mode = CipherMode.ECB; // the default is CBC
            aes.Padding = PaddingMode.PKCS7;
            aes.Key = key;
            using (ICryptoTransform transform = encrypt ? aes.CreateEncryptor() : aes.CreateDecryptor())
                return transform.TransformFinalBlock(data, 0, data.Length);
        }
    }

    /// <summary>"Bearer ...", kept and used again while it is valid. Calls at once may get one each.</summary>
    async Task<string> TokenAsync(bool renew)
    {
        if (renew || token == null || tokenAge.Elapsed > TokenLife)
        {
            // Base64 of the auth key alone: no user name, no colon.
            string basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(authKey));
            HttpResponseMessage response = await SendAsync("/col/oauth2?grantType=password", basic, null);
            // It comes in the response's header, with an empty body. A refused key gets a body instead.
            if (!response.Headers.TryGetValues("Authorization", out IEnumerable<string> values))
            {
                await ReadAsync(response);
                throw new HttpRequestException("no token");
            }
            token = values.First();
            tokenAge = Stopwatch.StartNew();
        }
        return token;
    }

    /// <summary>Seals a request, sends it and reads the answer.</summary>
    public async Task<Answer> PostAsync(string path, Dictionary<string, string> request)
    {
        string body = Json(new Dictionary<string, string> { ["encryptedData"] = Seal(Json(request), secretKey) });
        HttpResponseMessage response = await SendAsync(path, await TokenAsync(false), body);
        // 401: the token no longer holds. Once more with a new one, and not again.
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            response = await SendAsync(path, await TokenAsync(true), body);
        return await ReadAsync(response);
    }

    async Task<HttpResponseMessage> SendAsync(string path, string authorization, string body)
    {
        var request = new HttpRequestMessage(body == null ? HttpMethod.Get : HttpMethod.Post, url + path);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (body != null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await Http.SendAsync(request);
    }

    static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/json")
            throw new HttpRequestException("HTTP " + (int)response.StatusCode + " without an answer of RIMS");
        var serializer = new DataContractJsonSerializer(typeof(Answer));
        var answer = (Answer)serializer.ReadObject(await response.Content.ReadAsStreamAsync());
        // Errors come as HTTP 200, too; EnsureSuccessStatusCode would not see them.
        if (answer.respCode != null) throw new RimsException(answer.respCode + " " + answer.errorMsg);
        return answer;
    }

    static string Json(Dictionary<string, string> members)
    {
        var settings = new DataContractJsonSerializerSettings { UseSimpleDictionaryFormat = true };
        var stream = new MemoryStream();
        new DataContractJsonSerializer(members.GetType(), settings).WriteObject(stream, members);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}

static class Program
{
    static async Task<int> VerifyAsync(Rims rims, string licence, string name, string type, string plate)
    {
        // RIMS counts days in Seoul: UTC+9, no summer time. Older Windows do not know "Asia/Seoul".
        string today = DateTime.UtcNow.AddHours(9).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        try
        {
            Answer answer = await rims.PostAsync("/licenseVerification", new Dictionary<string, string>
            {
                ["f_license_no"] = licence, ["f_resident_name"] = name, ["f_licn_con_code"] = type,
                ["f_from_date"] = today, ["f_to_date"] = today, ["vhcl_reg_no"] = plate,
            });
            string done = answer.header.f_rtn_cd, code = answer.body?.f_rtn_code;
            if (done != "0" && done != "00") // refused by the licence register: then there is no body
                return Print($"refused {done} {answer.header.f_rtn_msg}", 4);
            // 00 alone is eligible, whatever else the code is.
            return code == "00" ? Print("eligible", 0) : Print($"not eligible {code}", 3);
        }
        catch (RimsException e)
        {
            return Print("error " + e.Message, 5);
        }
    }

    // From here on: the demonstration.

    static int Print(string line, int status)
    {
        Console.WriteLine(line);
        return status;
    }

    static int Vectors(string file)
    {
        string[] lines = File.ReadAllLines(file);
        for (int i = 0; i < lines.Length; i++)
        {
            string[] fields = lines[i].Split('\t');
            string plaintext = Encoding.UTF8.GetString(Convert.FromBase64String(fields[1]));
            if (Rims.Seal(plaintext, fields[0]) != fields[2] || Rims.Open(fields[2], fields[0]) != plaintext)
                return Print($"line {i + 1} differs", 1);
        }
        return Print($"ok {lines.Length}", 0);
    }

    static int Run(string[] args)
    {
        if (args.Length == 2 && args[0] == "vectors") return Vectors(args[1]);
        if (args.Length != 5 || args[0] != "verify")
            return Print("usage: vectors FILE | verify LICENCE_NUMBER NAME CLASS PLATE", 2);
        // Keys come from the environment: arguments are seen by every user of the machine. So would be the driver's
        // data, which real code takes from its own database; the sandbox's driver does not exist.
        Func<string, string> env = Environment.GetEnvironmentVariable;
        var rims = new Rims(env("RIMS_URL"), env("RIMS_AUTH_KEY"), env("RIMS_SECRET_KEY"));
        return VerifyAsync(rims, args[1], args[2], args[3], args[4]).GetAwaiter().GetResult();
    }

    // Mono, when Main returns, may wait up to a minute for its idle threads; hence Exit.
    static void Main(string[] args) => Environment.Exit(Run(args));
}
