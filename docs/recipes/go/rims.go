// RIMS in Go 1.18 or newer: token, seal, verify; open for debugging. Nothing but the standard library.
// Never log licence numbers, names, tokens or keys. Nothing here does.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const tokenLife = 3*time.Hour - 5*time.Minute // so that it does not end on the way

var (
	httpClient = &http.Client{Timeout: 30 * time.Second}
	korea      = time.FixedZone("KST", 9*60*60) // no summer time; needs no zone files
)

// newAES takes the key as text, not hex: its UTF-8 bytes, cut or filled with zeros to 32 (AES-256, not 16).
func newAES(secretKey string) cipher.Block {
	key := make([]byte, 32)
	copy(key, secretKey)
	block, _ := aes.NewCipher(key) // fails for other lengths only
	return block
}

// ecb treats each block by itself; Go has no ECB mode.
func ecb(crypt func(dst, src []byte), data []byte) []byte {
	for i := 0; i < len(data); i += aes.BlockSize {
		crypt(data[i:], data[i:])
	}
	return data
}

// Seal makes encryptedData: PKCS#7 padding, AES, Base64 with padding (not RawStdEncoding).
func Seal(plaintext, secretKey string) string {
	n := aes.BlockSize - len(plaintext)%aes.BlockSize // 1 to 16: whole blocks get one more
	padded := append([]byte(plaintext), bytes.Repeat([]byte{byte(n)}, n)...)
	return base64.StdEncoding.EncodeToString(ecb(newAES(secretKey).Encrypt, padded))
}

// Open is the reverse of Seal.
func Open(sealed, secretKey string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return "", errors.New("not encryptedData")
	}
	data = ecb(newAES(secretKey).Decrypt, data)
	n := int(data[len(data)-1])
	if n == 0 || n > aes.BlockSize || !bytes.HasSuffix(data, bytes.Repeat([]byte{byte(n)}, n)) {
		return "", errors.New("sealed with another key")
	}
	return string(data[:len(data)-n]), nil
}

// Error is an error of table 5.1.
type Error struct {
	RespCode int
	ErrorMsg string
}

func (e *Error) Error() string { return fmt.Sprint(e.RespCode, " ", e.ErrorMsg) }

// Client keeps its token and may be used by several goroutines.
type Client struct {
	URL, AuthKey, SecretKey string

	mutex     sync.Mutex
	token     string
	tokenEnds time.Time
}

// authorization is "Bearer ...", kept and used again while it is valid.
func (c *Client) authorization(renew bool) (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if renew || !time.Now().Before(c.tokenEnds) {
		// Base64 of the auth key alone: no colon, so not SetBasicAuth.
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(c.AuthKey))
		response, _, err := c.send(http.MethodGet, "/col/oauth2?grantType=password", basic, "")
		if err != nil {
			return "", err
		}
		// The token is in the response's header, and the body is empty.
		c.token, c.tokenEnds = response.Header.Get("Authorization"), time.Now().Add(tokenLife)
	}
	return c.token, nil
}

// Post seals a request's JSON, sends it and gives the answer's JSON.
func (c *Client) Post(path string, request []byte) ([]byte, error) {
	body := fmt.Sprintf(`{"encryptedData":"%s"}`, Seal(string(request), c.SecretKey))
	for renew := false; ; renew = true {
		token, err := c.authorization(renew)
		if err != nil {
			return nil, err
		}
		response, answer, err := c.send(http.MethodPost, path, token, body)
		// 401: the token no longer holds. Once more with a new one, and not again.
		if response == nil || response.StatusCode != http.StatusUnauthorized || renew {
			return answer, err
		}
	}
}

func (c *Client) send(method, path, authorization, body string) (*http.Response, []byte, error) {
	request, err := http.NewRequest(method, c.URL+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", "application/json")
	response, err := httpClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	var failure Error
	if json.Unmarshal(answer, &failure) == nil && failure.RespCode != 0 {
		err = &failure // errors come as HTTP 200, too
	} else if response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return response, answer, err
}

// verify asks about today and gives one line and the exit code.
func verify(client *Client, licence, name, class, plate string) (string, int) {
	today := time.Now().In(korea).Format("20060102")
	request, _ := json.Marshal(map[string]string{
		"f_license_no": licence, "f_resident_name": name, "f_licn_con_code": class,
		"f_from_date": today, "f_to_date": today, "vhcl_reg_no": plate,
	})
	text, err := client.Post("/licenseVerification", request)
	if failure := (*Error)(nil); errors.As(err, &failure) {
		return "error " + err.Error(), 5
	}
	var answer struct {
		Header struct {
			Code    string `json:"f_rtn_cd"`
			Message string `json:"f_rtn_msg"`
		}
		Body struct {
			Code string `json:"f_rtn_code"`
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	switch code := answer.Body.Code; {
	case err != nil:
		return err.Error(), 1
	case answer.Header.Code != "0" && answer.Header.Code != "00": // by the licence register: there is no body
		return "refused " + answer.Header.Code + " " + answer.Header.Message, 4
	case code != "00": // 00 alone is eligible, whatever else the code is
		return "not eligible " + code, 3
	}
	return "eligible", 0
}

// From here on: the demonstration.

func vectors(file string) (string, int) {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error(), 1
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range lines {
		fields := strings.Split(line, "\t")
		plaintext, _ := base64.StdEncoding.DecodeString(fields[1])
		opened, err := Open(fields[2], fields[0])
		if err != nil || opened != string(plaintext) || Seal(string(plaintext), fields[0]) != fields[2] {
			return fmt.Sprintf("line %d differs", i+1), 1
		}
	}
	return fmt.Sprint("ok ", len(lines)), 0
}

func main() {
	line, status := "usage: vectors FILE | verify LICENCE_NUMBER NAME CLASS PLATE", 2
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "vectors":
		line, status = vectors(args[1])
	case len(args) == 5 && args[0] == "verify":
		// Keys come from the environment: arguments are seen by every user of the machine. So would be the driver's
		// data, which real code takes from its own database; the sandbox's driver does not exist.
		client := &Client{
			URL: os.Getenv("RIMS_URL"), AuthKey: os.Getenv("RIMS_AUTH_KEY"), SecretKey: os.Getenv("RIMS_SECRET_KEY"),
		}
		line, status = verify(client, args[1], args[2], args[3], args[4])
	}
	fmt.Println(line)
	os.Exit(status)
}
