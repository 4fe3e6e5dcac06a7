#!/usr/bin/env python3
"""Make Tests/TokenizationTests/Golden/renderings.json: what Jinja2 itself makes of chat templates.

usage: make_chat_renderings.py > Tests/TokenizationTests/Golden/renderings.json

The templates are written for this test in the manner of those that models carry. The environment is
set up as Hugging Face transformers do it: trim_blocks, lstrip_blocks, break and continue, JSON without
escapes, raise_exception, strftime_now. The date is fixed. Needs Jinja2 3.1.
"""
import datetime
import json
import sys

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2024, 7, 26, 15, 4, 5, tzinfo=datetime.timezone.utc)


class Refusal(Exception):
    pass


class Generation(Extension):
    """Renders what stands between generation and endgeneration as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise Refusal(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                          sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                        extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


USER = [{"role": "user", "content": "Name a colour."}]
TURNS = [{"role": "user", "content": " What's 2+2? \n"}, {"role": "assistant", "content": "\n4, of course.  "},
         {"role": "user", "content": "Say \"é <&> 日本\"\r\nplease."}]
SYSTEM = [{"role": "system", "content": "Be brief."}] + TURNS
WRONG = [{"role": "assistant", "content": "I begin."}, {"role": "user", "content": "No."}]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Tell the \"weather\"\nof a place",
          "parameters": {"type": "object", "required": ["place", "days"], "properties": {
              "place": {"type": "string", "description": "where"}, "days": {"type": "integer", "enum": [1, 2.5, True, None]}}}}}]

LLAMA2 = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

LLAMA3 = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message comes first,
    if there is one. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- if tools is not none %}
    {{- "Functions:\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("Only single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", "parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

CHATML = """{% for message in messages %}
    {% if loop.first and messages[0]['role'] != 'system' %}
        {{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
    {% endif %}
{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}
{% endif %}
"""

MISTRAL = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{#- Roles must alternate. #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, not " ~ message.role) }}
    {%- endif %}
{%- endfor %}
{{- user_messages | length }}{{ (user_messages | last).content is string }}
"""

QWEN = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are Qwen.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>{\\"name\\": <function-name>}<|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content %}
        {%- set reasoning_content = '' %}
        {%- if '</think>' in message.content %}
            {%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
            {%- set reasoning_content = message.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or reasoning_content) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}{{- message.content }}{{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}"""

MACROS = """{%- macro type_of(spec, depth=0) -%}
    {%- if spec.enum is defined -%}
        {{ spec.enum | map('string') | join(' | ') }}
    {%- elif spec.type == 'object' -%}
        {
        {%- for name, value in spec.properties.items() -%}
            {{ name }}{{ '' if name in spec.required else '?' }}: {{ type_of(value, depth + 1) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
        }@{{ depth }}
    {%- else -%}
        {{ spec['type'] | upper }}
    {%- endif -%}
{%- endmacro -%}
{%- macro turn(role, text='(silent)') %}[{{ role | title }}] {{ text }}
{% endmacro %}
{% for tool in tools or [] %}
{{ tool.function.name }}({{ type_of(tool.function.parameters) }}) - {{ tool.function.description | replace('"', "'") }}
{% else %}
no tools
{% endfor %}
{% for m in messages %}
{{ turn(m.role, text=m.content) }}
{%- endfor %}
{{ turn('nobody') }}"""

GENERATION = """{% for message in messages %}
{% if message.role == 'assistant' %}
{% generation %}
<a>{{ message.content | trim }}</a>{{ eos_token }}
{% endgeneration %}
{% else %}
<{{ message.role[0] }}>{{ message.content }}</{{ message.role[0] }}>
{% endif %}
{% endfor %}
{{ 'go' if add_generation_prompt else 'stop' }}
"""

EVERYTHING = r"""{# all
sorts #}
  {% set x = [1, 2.5, 'a\tb', "q'q", none, true, (1,), {'k': [1, {'n': 'ü'}]}] %}
{{ x }} {{ x | tojson }} {{ x[-1].k[0] }} {{ x[1:4:2] }} {{ x[::-1][0] }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1 + 2 * 3 - 4 }} {{ 'a' ~ 1 ~ none }} {{ 'ab' * 3 }}
{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ 'a' in 'cat' }} {{ 'z' not in ['z'] }} {{ not 1 == 2 }} {{ 3 is odd }} {{ 4 is not even }} {{ nope is defined }} {{ nope }}|
{{ 'A-b c' | lower | replace('-', '+') | title }} {{ '  x ' | trim }}| {{ [3, 1, 2] | sort | join(', ') }} {{ 'Ünï' | upper }} {{ 'abc' | first }}{{ 'abc' | last }} {{ 'xyz' | list }} {{ nope | default('d') }} {{ '' | default('e', true) }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a-b-c'.split('-', 1) }} {{ 'aXbX'.rstrip('X') }} {{ 'Hello'.startswith('He') }} {{ 'x'.join(['1', '2']) }} {{ 'one two'.title() }} {{ 'abab'.replace('a', 'c', 1) }} {{ 'abc'.find('c') }} {{ 'hELLO'.capitalize() }}
{%- for k, v in {'a': 1, 'b': 2}.items() if v > 1 %} {{ k }}={{ v }}@{{ loop.index }}/{{ loop.length }}{% endfor %}

{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{{ ',' if not loop.last }}{% endfor %}

{% for a, (b, c) in [(1, (2, 3)), (4, (5, 6))] %}{{ a + b * c }};{{ loop.revindex0 }}{{ loop.previtem is defined }}{{ loop.cycle('x', 'y') }} {% endfor %}

{% set block %}
  captured {{ 1 }}
{% endset %}{{ block | trim | upper }} {% raw %}{{ raw }} {% not %}{% endraw %} {{ "}}" }} {{ '{%' }} {{ {'a': {'b': 1}}['a']['b'] }}
{% with y = 3, z = 4 %}{{ y * z }}{% endwith %} {% filter upper %}shout{% endfilter %} {{ -3 | abs }} {{ (2 + 3) | string ~ '!' }} {{ 5 if false }}|{{ 'a' 'b' }} {{ 1_000 }} {{ 'é\x41\u00e9\n' | tojson }}
{{ [{'r': 'u', 'n': 1}, {'r': 'a', 'n': 2}, {'r': 'u'}] | selectattr('r', '==', 'u') | map(attribute='n', default=0) | list }} {{ [1, 2, 3] | reject('odd') | list }} {{ [{'a': 1}, {'b': 1}] | rejectattr('a') | list | length }} {{ {'b': 2, 'a': 1} | items | list }} {{ {'b': 2, 'a': 1} | dictsort }} {{ [1, 2, 2, 3] | unique | list }} {{ '3' | int + 4 }} {{ 'x' | int }} {{ '2.5' | float }} {{ 3.7 | int }}
{{ 'line1\nline2' | indent(2) }} {{ true and 'yes' or 'no' }} {{ 0 or 'zero' }} {{ [] is iterable }} {{ {} is mapping }} {{ 1.5 is number }} {{ messages is string }} {{ 'A' < 'a' }} {{ [1, 2] + [3] }} {{ [[1, 2], [3]] | sum(start=[]) }} {{ dict(a=1).get('b', 'none') }} {{ namespace(a=1).a }}
   {%+ if true %}kept{% endif +%}
tail {%- if true -%}  glued  {%- endif -%}  end
{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %j %p %-d %I') }}

"""


PHI3 = """{% for message in messages %}{% if message['role'] in ['system', 'user', 'assistant'] and message['content'] %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""

SMOLLM3 = """{# Thinking can be switched off by a word in the system message. #}
{%- if enable_thinking is not defined -%}
{%- set enable_thinking = true -%}
{%- endif -%}
{%- set reasoning_mode = "/think" if enable_thinking else "/no_think" -%}
{%- if messages[0].role == "system" -%}
  {%- set system_message = messages[0].content -%}
  {%- if "/no_think" in system_message -%}
    {%- set reasoning_mode = "/no_think" -%}
  {%- endif -%}
  {%- set custom_instructions = system_message.replace("/no_think", "").replace("/think", "").rstrip() -%}
{%- endif -%}
{{- "<|im_start|>system\\n" -}}
## Metadata

Knowledge Cutoff Date: June 2025
Today Date: {{ strftime_now("%d %B %Y") }}
Reasoning Mode: {{ reasoning_mode + "\\n\\n" -}}
## Custom Instructions

{{ custom_instructions + "\\n\\n" if custom_instructions else "Be helpful" ~ (" and think" if reasoning_mode == "/think") ~ ".\\n\\n" -}}
{%- if xml_tools or tools -%}
  {{- "### Tools\\n\\n" -}}
  {%- set ns = namespace(xml_tool_string="Call them inside <tool_call></tool_call>:\\n<tools>\\n") -%}
  {%- for tool in (xml_tools or tools)[:] -%}
    {%- set ns.xml_tool_string = ns.xml_tool_string ~ (tool | string | trim) ~ "\\n" -%}
  {%- endfor -%}
  {{- ns.xml_tool_string ~ "</tools>\\n\\n" -}}
{%- endif -%}
{{- "<|im_end|>\\n" -}}
{%- for message in messages -%}
    {%- set content = message.content if message.content is string else "" -%}
    {%- if message.role == "user" -%}
        {{- "<|im_start|>" + message.role + "\\n" + content + "<|im_end|>\\n" -}}
    {%- elif message.role == "assistant" -%}
        {% generation %}
        {%- if reasoning_mode == "/think" -%}
            {{- "<|im_start|>assistant\\n" + content.lstrip("\\n") + "<|im_end|>\\n" -}}
        {%- else -%}
            {{- "<|im_start|>assistant\\n<think>\\n\\n</think>\\n" + content.lstrip("\\n") + "<|im_end|>\\n" -}}
        {%- endif -%}
        {% endgeneration %}
    {%- elif message.role == "tool" -%}
        {{- "<|im_start|>user\\n" + content + "<|im_end|>\\n" -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- "<|im_start|>assistant\\n" ~ ("" if reasoning_mode == "/think" else "<think>\\n\\n</think>\\n") -}}
{%- endif -%}"""

MISTRAL_TOOLS = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" + eos_token }}{%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial system message!") }}
    {%- endif %}
{%- endfor %}"""

TYPESCRIPT = """{%- macro type_of(spec, required=[], is_nullable=false) -%}
    {%- if spec.type == "array" -%}
        {{- type_of(spec["items"], required) ~ "[]" -}}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping -%}
        {{- spec.type | join(" | ") -}}
    {%- elif spec.oneOf -%}
        {%- for variant in spec.oneOf -%}
            {{- type_of(variant, required) -}}
            {%- if variant.description %}{{- "// " + variant.description }}{% endif -%}
            {%- if not loop.last %}{{- " | " }}{% endif -%}
        {%- endfor -%}
    {%- elif spec.enum -%}
        {{- '"' + spec.enum | map('string') | join('" | "') + '"' -}}
    {%- elif spec.type == "object" -%}
        {{- "{\\n" -}}
        {%- for name, prop in (spec.properties or {}) | dictsort -%}
            {{- name -}}{%- if name not in (spec.required or []) -%}?{%- endif -%}: {{ type_of(prop, spec.required or [], is_nullable=prop.nullable) }}
            {%- if not loop.last -%}, {% endif -%}
        {%- endfor -%}
        {{- "}" -}}
    {%- else -%}
        {{- {"integer": "number", "string": "string"}.get(spec.type, "any") -}}
    {%- endif -%}
    {%- if is_nullable %}{{- " | null" }}{% endif -%}
{%- endmacro -%}
{%- macro namespaced(name, functions) -%}
{{- "namespace " ~ name ~ " {\\n\\n" -}}
{%- for function in functions | map(attribute="function") | sort(attribute="name") -%}
{{- "// " + function.description | replace("\\n", " ") + "\\n" }}
{{- "type " + function.name + " = (_: " }}{{ type_of(function.parameters) }}) => any;
{%- endfor %}

} // namespace {{ name }}
{%- endmacro -%}
{%- set model_identity = model_identity | default("You write types.", true) -%}
<|start|>system<|message|>{{ model_identity }}
Current date: {{ strftime_now("%Y-%m-%d") }}
{% if tools -%}
{{ namespaced("functions", tools) }}
{%- endif -%}
{{- "<|end|>" -}}
{%- for message in messages | rejectattr("role", "in", ["system", "developer"]) -%}
{{- "<|start|>" ~ message.role ~ ("<|channel|>final" if message.role == "assistant") ~ "<|message|>" ~ message.content ~ ("<|return|>" if loop.last and not add_generation_prompt else "<|end|>") -}}
{%- endfor -%}
{{- "<|start|>assistant" if add_generation_prompt -}}"""

MORE = r"""{{ {'b': 2, 'a': [1, 'é']} | tojson(indent=2) }}
{{ {'b': 2, 'a': 'é🙂'} | tojson(sort_keys=true, ensure_ascii=true) }} {{ [1, {'a': 2}] | tojson(separators=(',', ':')) }} {{ [1, [2]] | tojson(indent=1, separators=(' ,', '=')) }}
{{ {1: 'x', true: 2, none: 3} | tojson }} {{ [] | tojson(indent=4) }} {{ '\x00\x1f\x7f' | tojson }}
{{ ' a  b c '.split(none, 1) }} {{ 'a b'.split(maxsplit=0) }} {{ ''.split() }} {{ 'a,b,c'.rsplit(',', 1) }} {{ 'l1\r\nl2\n\nl4\n'.splitlines() }}
{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.txt'.removesuffix('.txt') }} {{ 'abab'.rfind('ab') }} {{ 'abc'.rfind('z') }} {{ 'x'.removeprefix('y') }}
{{ 'Ab1'.isalnum() }} {{ 'ab'.islower() }} {{ 'AB1'.isupper() }} {{ ''.isalnum() }} {{ '12'.isdigit() }} {{ ' '.isspace() }}
{{ [1, 2] * 2 }} {{ (1,) * 2 }} {{ 1e3 }} {{ 2.5e-1 }} {{ 'ab' * 0 }}|
{{ "it's" }} {{ ["it's", 'say "x"', '\x01'] }} {{ 'ÉCOLE'.lower() }} {{ 'straße'.upper() }} {{ 'ǆ'.title() }}
{{ 'aßc'[1] }} {{ 'hello'[-3:-1] }} {{ 'hello'[::-2] }} {{ [1, 2, 3, 4][3:0:-2] }} {{ 'héllo' | length }} {{ 'héllo' | reverse }}
{%- for c in 'añb' %} {{ loop.index }}{{ c }}{% endfor %}
{{ messages | map(attribute='role') | join('>') }} {{ messages | map('tojson') | first | length }} {{ 'x' | default('y') }} {{ messages[0].nope | default('y') }}
{{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A'] | sort(case_sensitive=true) }} {{ [3, 1] | sort(reverse=true) }} {{ [1, 5, 2] | max }} {{ {'x': {'y': [1, 2]}}.x.y | sum }}
{% set a, b = 1, [2] %}{{ a }}{{ b }} {% set d = {'k': none} %}{{ d.k is none }} {{ d.z is none }} {{ d is mapping }} {{ d is sequence }} {{ 'x' is sequence }} {{ 1 is iterable }} {{ 5 is divisibleby 5 }} {{ 2 is in [1, 2] }} {{ 'x' is equalto 'x' }} {{ true is boolean }} {{ 1 is boolean }} {{ 1 is integer }}
"""


def cases():
    both = {"bos_token": "<s>", "eos_token": "</s>"}
    for name, template in [("llama-2", LLAMA2), ("llama-3", LLAMA3), ("chatml", CHATML), ("mistral", MISTRAL),
                           ("qwen", QWEN), ("zephyr", ZEPHYR), ("gemma", GEMMA), ("macros", MACROS),
                           ("generation", GENERATION), ("phi-3", PHI3), ("smollm-3", SMOLLM3),
                           ("mistral with tools", MISTRAL_TOOLS), ("typescript", TYPESCRIPT)]:
        for label, messages in [("one", USER), ("turns", TURNS), ("system", SYSTEM), ("wrong order", WRONG)]:
            for prompt in [True, False]:
                yield f"{name}, {label}", template, messages, prompt, both, {}
    for name, template in [("llama-3", LLAMA3), ("qwen", QWEN), ("macros", MACROS), ("smollm-3", SMOLLM3),
                           ("mistral with tools", MISTRAL_TOOLS), ("typescript", TYPESCRIPT)]:
        yield f"{name}, tools", template, SYSTEM, True, both, {"tools": TOOLS}
    calls = USER + [{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "weather", "arguments": {"place": "Bonn", "days": 2}}}]}]
    yield "llama-3, a call", LLAMA3, calls, False, both, {"date_string": "1 May 2020"}
    thinking = USER + [{"role": "assistant", "content": "<think>\nred?\n</think>\n\nRed."}, {"role": "tool", "content": "a"}, {"role": "tool", "content": "b"}]
    yield "qwen, thinking and tools", QWEN, thinking, True, both, {"enable_thinking": False}
    yield "qwen, thinking last", QWEN, thinking[:2], False, both, {}
    named = USER + [{"role": "assistant", "tool_calls": [{"id": "a1b2c3d4e", "function": {"name": "f", "arguments": {"x": [1, "é"]}}}]}]
    yield "mistral with tools, a call", MISTRAL_TOOLS, named, False, both, {"tools": TOOLS}
    yield "smollm-3, not thinking", SMOLLM3, SYSTEM, True, both, {"enable_thinking": False}
    silent = [{"role": "system", "content": "Short. /no_think"}] + TURNS
    yield "smollm-3, told not to think", SMOLLM3, silent, True, both, {}
    yield "more", MORE, TURNS, True, both, {}
    yield "everything", EVERYTHING, USER, True, both, {}
    yield "carriage returns", "a\r\n{% if true %}\r\nb\r{% endif %}\nc\n", USER, True, both, {}


def main():
    env = environment()
    results = []
    for name, template, messages, prompt, tokens, extra in cases():
        case = {"name": name, "template": template, "messages": messages, "add_generation_prompt": prompt,
                "extra": extra, **tokens}
        try:
            case["text"] = env.from_string(template).render(messages=messages, add_generation_prompt=prompt,
                                                            **tokens, **extra)
        except Refusal as refusal:
            case["refusal"] = str(refusal)
        except jinja2.exceptions.UndefinedError as error:
            case["error"] = str(error)
        results.append(case)
    json.dump(results, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
