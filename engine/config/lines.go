package config

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"go.yaml.in/yaml/v3"
)

// keyLines says on which line of a file each dotted key stands, in lower case as viper has its keys. It is for messages
// only: a file it cannot read gives no lines. JSON is read as YAML, which includes it.
func keyLines(kind string, data []byte) map[string]int {
	if kind == "toml" {
		return tomlLines(data)
	}
	lines := map[string]int{}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err == nil {
		for _, root := range doc.Content {
			yamlLines(root, "", lines)
		}
	}
	return lines
}

func yamlLines(node *yaml.Node, prefix string, lines map[string]int) {
	if node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := prefix + strings.ToLower(node.Content[i].Value)
		lines[key] = node.Content[i].Line
		yamlLines(node.Content[i+1], key+".", lines)
	}
}

func tomlLines(data []byte) map[string]int {
	lines := map[string]int{}
	table := ""
	var p unstable.Parser
	p.Reset(data)
	for p.NextExpression() {
		e := p.Expression()
		key, line := tomlKey(&p, e)
		switch e.Kind { //nolint:exhaustive // the others hold no keys
		case unstable.Table, unstable.ArrayTable:
			table = key + "."
			lines[key] = line
		case unstable.KeyValue:
			lines[table+key] = line
		}
	}
	return lines
}

func tomlKey(p *unstable.Parser, e *unstable.Node) (key string, line int) {
	if e.Kind == unstable.Comment {
		return "", 0
	}
	var parts []string
	for it := e.Key(); it.Next(); {
		parts = append(parts, strings.ToLower(string(it.Node().Data)))
		line = p.Shape(it.Node().Raw).Start.Line
	}
	return strings.Join(parts, "."), line
}
