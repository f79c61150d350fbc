// RIMS in TypeScript: token, seal, verify; open for debugging. Node 18 or newer, no packages at run time.
// Never log licence numbers, names, tokens or keys. Nothing here does.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { readFileSync } from "node:fs";

const TOKEN_LIFE = (3 * 60 - 5) * 60_000; // ms: three hours, less five minutes so that it does not end on the way

/** AES-256. The key is text, not hex: its UTF-8 bytes, cut or filled with zeros to 32 (not 16). */
function aesKey(secretKey: string): Buffer {
  const key = Buffer.alloc(32);
  Buffer.from(secretKey, "utf8").copy(key);
  return key;
}

export function seal(plaintext: string, secretKey: string): string {
  const cipher = createCipheriv("aes-256-ecb", aesKey(secretKey), null); // PKCS#7 padding by default
  // "base64" is the standard alphabet with padding and without line breaks; "base64url" is not.
  return Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]).toString("base64");
}

export function open(sealed: string, secretKey: string): string {
  const decipher = createDecipheriv("aes-256-ecb", aesKey(secretKey), null);
  return Buffer.concat([decipher.update(sealed, "base64"), decipher.final()]).toString("utf8");
}

/** An error of table 5.1. */
export class RimsError extends Error {
  readonly respCode: number;

  constructor(respCode: number, errorMsg: string) {
    super(errorMsg);
    this.respCode = respCode;
  }
}

export interface Verification {
  header: { f_rtn_cd: string; f_rtn_msg: string; f_request_date: string; f_send_cnt: string };
  body?: { f_rtn_code: string; f_license_no: string; vhcl_idnty_cd: string };
}

export class Rims {
  private readonly keys: { url: string; authKey: string; secretKey: string };
  private token?: string;
  private tokenEnds = 0;

  constructor(keys: { url: string; authKey: string; secretKey: string }) {
    this.keys = keys;
  }

  /** `Bearer ...`, kept and used again while it is valid. Calls at once may get one each; all hold. */
  private async authorization(): Promise<string> {
    if (this.token === undefined || performance.now() >= this.tokenEnds) {
      // Base64 of the auth key alone: no user name, no colon.
      const basic = "Basic " + Buffer.from(this.keys.authKey, "utf8").toString("base64");
      const response = await this.send("/col/oauth2?grantType=password", basic);
      // It comes in the response's header, with an empty body. A refused key gets a body instead.
      this.token = response.headers.get("Authorization") ?? (await answer<never>(response)); // thrown
      this.tokenEnds = performance.now() + TOKEN_LIFE;
    }
    return this.token;
  }

  async post<Answer>(path: string, request: object): Promise<Answer> {
    const body = JSON.stringify({ encryptedData: seal(JSON.stringify(request), this.keys.secretKey) });
    let response = await this.send(path, await this.authorization(), body);
    if (response.status === 401) {
      this.token = undefined; // it no longer holds: once more with a new one, and not again
      response = await this.send(path, await this.authorization(), body);
    }
    return answer(response);
  }

  private send(path: string, authorization: string, body?: string): Promise<Response> {
    const headers = { Authorization: authorization, "Content-Type": "application/json" };
    const signal = AbortSignal.timeout(30_000);
    return fetch(this.keys.url + path, { method: body === undefined ? "GET" : "POST", headers, body, signal });
  }
}

/** Errors come as HTTP 200, too: `response.ok` alone says nothing. */
async function answer<Answer>(response: Response): Promise<Answer> {
  const found = await response.json().catch(() => undefined);
  if (found?.respCode !== undefined) throw new RimsError(found.respCode, found.errorMsg);
  if (found === undefined || !response.ok) throw new Error(`HTTP ${response.status} without an answer of RIMS`);
  return found;
}

/** One line, and the exit code. */
type Outcome = [string, number];

async function verify(rims: Rims, licence: string, name: string, type: string, plate: string): Promise<Outcome> {
  // RIMS counts days in Seoul (UTC+9, no summer time); in UTC it is yesterday until nine in the morning.
  const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");
  try {
    const { header, body } = await rims.post<Verification>("/licenseVerification", {
      f_license_no: licence,
      f_resident_name: name,
      f_licn_con_code: type,
      f_from_date: today,
      f_to_date: today,
      vhcl_reg_no: plate,
    });
    // Refused by the licence register: then there is no body.
    if (!["0", "00"].includes(header.f_rtn_cd)) return [`refused ${header.f_rtn_cd} ${header.f_rtn_msg}`, 4];
    // 00 alone is eligible, whatever else the code is.
    return body?.f_rtn_code === "00" ? ["eligible", 0] : [`not eligible ${body?.f_rtn_code}`, 3];
  } catch (error) {
    if (error instanceof RimsError) return [`error ${error.respCode} ${error.message}`, 5];
    throw error;
  }
}

// From here on: the demonstration.

function vectors(file: string): Outcome {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  for (const [index, line] of lines.entries()) {
    const [secretKey, encoded, sealed] = line.split("\t");
    const plaintext = Buffer.from(encoded, "base64").toString("utf8");
    if (seal(plaintext, secretKey) !== sealed || open(sealed, secretKey) !== plaintext) {
      return [`line ${index + 1} differs`, 1];
    }
  }
  return [`ok ${lines.length}`, 0];
}

async function main([mode, ...rest]: string[]): Promise<Outcome> {
  if (mode === "vectors" && rest.length === 1) return vectors(rest[0]);
  if (mode !== "verify" || rest.length !== 4) {
    return ["usage: vectors FILE | verify LICENCE_NUMBER NAME CLASS PLATE", 2];
  }
  // Keys come from the environment: arguments are seen by every user of the machine. So would be the driver's data,
  // which real code takes from its own database; the sandbox's driver does not exist.
  const { RIMS_URL: url = "", RIMS_AUTH_KEY: authKey = "", RIMS_SECRET_KEY: secretKey = "" } = process.env;
  return verify(new Rims({ url, authKey, secretKey }), rest[0], rest[1], rest[2], rest[3]);
}

const [line, status] = await main(process.argv.slice(2));
console.log(line);
process.exitCode = status;
