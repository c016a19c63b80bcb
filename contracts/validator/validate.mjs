// Checks an AsyncAPI document, and the schemas it refers to, with the official parser. Exit code 1: not valid.
import { Parser, fromFile } from "@asyncapi/parser";

const WARNING = 1; // 0: error, 1: warning, 2: information, 3: hint
const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const bad = diagnostics.filter((found) => found.severity <= WARNING);
for (const found of bad) console.error(`${found.path.join(".")}: ${found.message} (${found.code})`);
if (!document || bad.length > 0) process.exit(1);
const count = document.channels().length;
console.log(`AsyncAPI ${document.version()}: valid, ${count} channels, ${document.operations().length} operations`);
