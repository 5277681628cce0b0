/**
 * JSON that has broken somebody, as text: what a JavaScript value cannot hold can only be written so.
 */

const STRINGS = [
  ...['"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff"', '"\\ud800\\ud800"', '"\\udc00\\ud800"'],
  ...[
    '"\\ud83d\\ude00"',
    '"\\uffff"',
    '"\\ufffe"',
    '"\\ufeff"',
    '"\\u202eabc"',
    '"\\u2028\\u2029"',
  ],
  ...['"\\u0001\\u0008\\u001b[31m\\u001f"', '"\\u007f\\u0080\\u009f"', '"\\\\u0000"', '"%00"'],
  ...[
    '"a\\r\\n.\\r\\nb"',
    '"a\\r\\nBcc: eve@evil.example"',
    '"a\\nb"',
    '"\\r"',
    '"\\t"',
    '""',
    '" "',
  ],
  ...[
    `"'; drop table jobs; --"`,
    '"<script>alert(1)</script>"',
    '"{{7*7}}"',
    '"$(id)"',
    '"%s%n%x"',
  ],
  ...['"../../etc/passwd"', '"file:///etc/passwd"', '"null"', '"NaN"', '"__proto__"', '"-1"'],
  ...['"Z\\u0351\\u036b\\u0343"', '"\\ud835\\udd73 \\u0627\\u0644"', '"a, b <c@d.example>; e"'],
];

const NUMBERS = [
  ...[
    "9007199254740991",
    "9007199254740993",
    "-9007199254740993",
    "123456789012345678901234567890",
  ],
  ...["1e400", "-1e400", "1e308", "1e-400", "5e-324", "1e200000", "0.1234567890123456789"],
  ...["-0", "-0.0", "1E+2", "1.0", "3.141592653589793", "0"],
];

const OBJECTS = [
  ...['{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}', '{"":1}', '{"\\u0000":1}'],
  ...['{"\\ud800":1}', '{"a":1,"a":2}', '{"toString":1,"valueOf":null,"hasOwnProperty":1}'],
  ...['{"toJSON":"x"}', '{"then":"x"}', '{"length":-1,"0":"a"}', '{"$ref":"#","__typename":"Job"}'],
  ...[
    '{"path":"/etc/hostname"}',
    '{"b":1,"a":2,"10":3,"9":4}',
    "{}",
    '{"a":{"b":{"c":[1,{"d":null}]}}}',
  ],
];

const LISTS = ["[]", "[[[]]]", "[null]", '[1,"a",{}]', "[[],{},[{}]]"];

const ATOMS = ["null", "true", "false"];

const HUGE = [
  `"${"é".repeat(150_000)}"`,
  `"${"x".repeat(1_500_000)}"`,
  `"${"x".repeat(5_000_000)}"`,
  `${"[".repeat(100)}${"]".repeat(100)}`,
  `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
  `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
  `[${"0,".repeat(99_999)}0]`,
  `[${"[],".repeat(199_999)}[]]`,
  `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":${n}`).join()}}`,
];

export const SMALL_VALUES: readonly string[] = [
  ...[...STRINGS, ...NUMBERS, ...OBJECTS],
  ...[...LISTS, ...ATOMS],
];

export const HOSTILE_VALUES: readonly string[] = [...SMALL_VALUES, ...HUGE];
