// Renders the cases of ../escaping_cases.json with Go's html/template, for the test beside it to compare with:
//
//	cd tests/web/escaping_go && go run . <../escaping_cases.json >../escaping_go.json
package main

import (
	"encoding/json"
	"html/template"
	"log"
	"os"
	"regexp"
	"strings"
)

type input struct {
	Data  map[string]any
	Cases []struct{ Template string }
}

// What html/template makes of a case: its output, or why it refuses.
type answer struct {
	Template string `json:"template"`
	Output   string `json:"output"`
	Refused  string `json:"refused"`
}

// Our variables have no dot before them.
var variable = regexp.MustCompile(`\{\{(if )?([a-z]+)\}\}`)

func translated(text string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		parts := variable.FindStringSubmatch(found)
		if parts[2] == "end" || parts[2] == "else" {
			return found
		}
		return "{{" + parts[1] + "." + parts[2] + "}}"
	})
}

func render(text string, data map[string]any) answer {
	parsed, err := template.New("case").Parse(translated(text))
	if err != nil {
		return answer{Template: text, Refused: err.Error()}
	}
	var out strings.Builder
	if err := parsed.Execute(&out, data); err != nil {
		return answer{Template: text, Refused: err.Error()}
	}
	return answer{Template: text, Output: out.String()}
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatal(err)
	}
	os.Stdout.WriteString("[\n")
	for i, c := range in.Cases {
		line, err := json.Marshal(render(c.Template, in.Data))
		if err != nil {
			log.Fatal(err)
		}
		if i > 0 {
			os.Stdout.WriteString(",\n")
		}
		os.Stdout.Write(line)
	}
	os.Stdout.WriteString("\n]\n")
}
