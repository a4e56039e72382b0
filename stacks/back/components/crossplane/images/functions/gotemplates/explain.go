package gotemplates

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	where = regexp.MustCompile(`^template: ` + name + `:(\d+)(?::\d+)?: (.*)$`)
	at    = regexp.MustCompile(`^executing "[^"]*" at <(.*)>: (.*)$`)
	none  = regexp.MustCompile(`^nil pointer evaluating interface \{\}\.(\S+)$`)
	entry = regexp.MustCompile(`^map has no entry for key "(.*)"$`)
)

// An error of text/template, said with the line that it is about and what is missing there.
func (asked *input) explain(err error) error {
	found := where.FindStringSubmatch(err.Error())
	if found == nil {
		return fmt.Errorf("the template cannot be run: %w", err)
	}
	said := found[2]
	if inner := at.FindStringSubmatch(said); inner != nil {
		said = fmt.Sprintf("%s: %s", inner[1], plainly(inner[2]))
	}
	return fmt.Errorf("line %s of the template%s: %s", found[1], asked.line(found[1]), said)
}

func plainly(said string) string {
	if found := none.FindStringSubmatch(said); found != nil {
		return fmt.Sprintf("what %s is taken from is not there", found[1])
	}
	if found := entry.FindStringSubmatch(said); found != nil {
		return fmt.Sprintf("there is no %s", found[1])
	}
	return said
}

// A line of the template, for people who do not count.
func (asked *input) line(number string) string {
	lines := strings.Split(asked.Inline.Template, "\n")
	index, err := strconv.Atoi(number)
	if err != nil || index < 1 || index > len(lines) {
		return ""
	}
	return fmt.Sprintf(" (%s)", strings.TrimSpace(lines[index-1]))
}
