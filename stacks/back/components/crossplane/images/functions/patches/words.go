package patches

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/adler32"
	"regexp"
	"strconv"
	"strings"
)

// A transform that gives a text.
type words struct {
	Type    string  `json:"type"`
	Format  *string `json:"fmt"`
	Convert string  `json:"convert"`
	Trim    string  `json:"trim"`
	Regexp  *struct {
		Match string `json:"match"`
		Group int    `json:"group"`
	} `json:"regexp"`
	Join *struct {
		Separator string `json:"separator"`
	} `json:"join"`
	Replace *struct {
		Search  string `json:"search"`
		Replace string `json:"replace"`
	} `json:"replace"`
}

func (words *words) apply(value any) (any, error) {
	text := fmt.Sprint(value)
	switch {
	case words.Type == "Format" && words.Format != nil:
		return format(*words.Format, value)
	case words.Type == "Convert":
		return convertText(words.Convert, value)
	case words.Type == "TrimPrefix":
		return strings.TrimPrefix(text, words.Trim), nil
	case words.Type == "TrimSuffix":
		return strings.TrimSuffix(text, words.Trim), nil
	case words.Type == "Regexp" && words.Regexp != nil:
		return group(words.Regexp.Match, words.Regexp.Group, text)
	case words.Type == "Join" && words.Join != nil:
		return join(value, words.Join.Separator)
	case words.Type == "Replace" && words.Replace != nil:
		return strings.ReplaceAll(text, words.Replace.Search, words.Replace.Replace), nil
	}
	return nil, fmt.Errorf("string.type is %q, or what belongs to it is missing: it can be Format (fmt), Convert (convert), TrimPrefix and TrimSuffix (trim), Regexp (regexp), Join (join) or Replace (replace)", words.Type)
}

func group(expression string, number int, text string) (any, error) {
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	found := compiled.FindStringSubmatch(text)
	if found == nil {
		return nil, fmt.Errorf("%q does not match %s", text, expression)
	}
	if number < 0 || number >= len(found) {
		return nil, fmt.Errorf("%s has no group %d", expression, number)
	}
	return found[number], nil
}

func join(value any, separator string) (any, error) {
	list, is := value.([]any)
	if !is {
		return nil, fmt.Errorf("Join takes lists, not %v", value)
	}
	var texts []string
	for _, each := range list {
		texts = append(texts, fmt.Sprint(each))
	}
	return strings.Join(texts, separator), nil
}

func convertText(how string, value any) (any, error) {
	text := fmt.Sprint(value)
	switch how {
	case "ToUpper":
		return strings.ToUpper(text), nil
	case "ToLower":
		return strings.ToLower(text), nil
	case "ToBase64":
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	case "FromBase64":
		plain, err := base64.StdEncoding.DecodeString(text)
		return string(plain), err
	case "ToJson":
		written, err := json.Marshal(value)
		return string(written), err
	case "ToSha1", "ToSha256", "ToSha512", "ToAdler32":
		return sum(how, value)
	}
	return nil, errors.New("string.convert can be ToUpper, ToLower, ToBase64, FromBase64, ToJson, ToSha1, ToSha256, ToSha512 or ToAdler32")
}

// Of texts as they are, of anything else as JSON.
func sum(how string, value any) (any, error) {
	bytes := []byte(fmt.Sprint(value))
	if _, is := value.(string); !is {
		written, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		bytes = written
	}
	switch how {
	case "ToSha1":
		sum := sha1.Sum(bytes)
		return hex.EncodeToString(sum[:]), nil
	case "ToSha256":
		sum := sha256.Sum256(bytes)
		return hex.EncodeToString(sum[:]), nil
	case "ToSha512":
		sum := sha512.Sum512(bytes)
		return hex.EncodeToString(sum[:]), nil
	}
	return strconv.FormatUint(uint64(adler32.Checksum(bytes)), 10), nil
}
