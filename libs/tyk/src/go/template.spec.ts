import { templateFault } from './template';

/* What Go's text/template made of each of these, with the functions that gateways offer. */

describe('templateFault', () => {
  it.each([
    ...['', 'plain', '{', '}}', '{"a": "{{.name}}"}', '{{ . | jsonMarshal }}', '{{- .a -}} x {{- /* c */ -}}'],
    ...['{{if .a}}1{{else if .b}}2{{else}}3{{end}}', '{{with $x := .a}}{{$x.b}}{{end}}', '{{$.a}}', '{{$}}'],
    ...['{{range $i, $v := .list}}{{if $i}},{{end}}{{$v}}{{else}}none{{end}}', '{{range .l}}{{.}}{{break}}{{end}}'],
    ...[
      '{{ (index .a 0).b }}',
      '{{ printf "%s-%d" .a 1.5 | upper | quote }}',
      '{{ `raw }} text` }}',
      "{{ eq 'a' .b }}",
    ],
    ...['{{define "x"}}{{.}}{{end}}{{template "x" .}}', '{{block "y" .}}{{.}}{{end}}', '{{ and (or .a .b) (not .c) }}'],
    ...[
      '{{ $a := 1 }}{{ $a = 2 }}{{ $a }}',
      '{{ .a.b.c }}',
      '{{ list 1 2 "x" | join "," }}',
      '{{ "a\\"b" }}',
      '{{-3}}',
    ],
    ...['{{range .a}}\n{{end}}\n{{/* many\nlines */}}', '{{ len .a | eq 1 }}', '{{ true }}', '{{ 0x1F }}'],
  ])('takes %j', (template) => {
    expect(templateFault(template)).toBeUndefined();
  });

  it.each([
    ['{{', 'line 1: an action is not closed with }}'],
    ['{{ .a', 'line 1: an action is not closed with }}'],
    ['{{}}', 'line 1: an action is empty'],
    ['a\n{{ .b | nosuch }}', 'line 2: there is no function "nosuch"'],
    ['{{ env "HOME" }}', 'line 1: there is no function "env"'],
    ['{{if .a}}x', 'line 1: {{if}} has no {{end}}'],
    ['{{end}}', 'line 1: {{end}} ends nothing'],
    ['{{else}}', 'line 1: {{else}} has no {{if}}, {{with}} or {{range}}'],
    ['{{if .a}}{{else}}{{else}}{{end}}', 'line 1: {{else}} has no {{if}}, {{with}} or {{range}}'],
    ['{{if}}x{{end}}', 'line 1: a value is missing for if'],
    ['{{ .a | }}', 'line 1: a command is missing after |'],
    ['{{ $x }}', 'line 1: the variable $x is not defined'],
    ['{{with $x := .a}}{{end}}{{$x}}', 'line 1: the variable $x is not defined'],
    ['{{ (.a }}', 'line 1: a ( is not closed'],
    ['{{ .a ) }}', 'line 1: ) is out of place'],
    ['{{ "a }}', 'line 1: a text in quotes is not closed'],
    ['{{ .a ; .b }}', 'line 1: ; is out of place'],
    ['{{/* a }}', 'line 1: a comment is not closed'],
    ['{{template x}}', 'line 1: {{template}} must name a template in quotes'],
    ['{{if .a}}{{define "x"}}{{end}}{{end}}', 'line 1: {{define}} must stand outside of everything else'],
    ['{{break}}', 'line 1: {{break}} stands outside of {{range}}'],
    ['{{ .a | 1 }}', 'line 1: 1 is no command'],
    [`{{ ${'('.repeat(200)} }}`, 'line 1: parentheses are nested too deeply'],
  ])('says what is wrong with %j', (template, fault) => {
    expect(templateFault(template)).toBe(`is no template that gateways can parse: ${fault}`);
  });

  it('takes no more than its share of time for a long one', () => {
    expect(templateFault('{{if .a}}{{.b}}{{end}}\n'.repeat(20_000))).toBeUndefined();
    expect(templateFault('{{range .a}}'.repeat(20_000))).toMatch(/has no \{\{end\}\}$/);
  });
});
