// Call edges as the TypeScript compiler resolves them: `caller-file:line<TAB>callee-file:line`, one a line.
//
//   node benches/callgraph/typescript.mjs ROOT TSCONFIG... > reference
//   betwixt graph edges ROOT | grep -P '\tcall\t' > ours
//   python3 benches/callgraph/compare.py ours reference --skip '__tests__|[.]test[.]|[.]spec[.]'
//
// Calls, `new`, tagged templates and components in JSX. A scan does not read the bodies of tests: leave their callers out.
// Needs `typescript` from npm where node finds it (NODE_PATH). A call counts when its signature's declaration has a body
// in a file under ROOT that is no declaration file; callers are the nearest function around the call.
import { createRequire } from "node:module";
import path from "node:path";

const ts = createRequire(path.join(process.cwd(), "x.js"))(process.env.TYPESCRIPT ?? "typescript");
const root = path.resolve(process.argv[2]);
const edges = new Set();

for (const config of process.argv.slice(3)) {
  const parsed = ts.getParsedCommandLineOfConfigFile(config, { noEmit: true, skipLibCheck: true }, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (found) => console.error(found.messageText),
  });
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const checker = program.getTypeChecker();
  for (const file of program.getSourceFiles()) {
    if (isOurs(file)) visit(file, file, checker);
  }
}
console.log([...edges].sort().join("\n"));

function isOurs(file) {
  const name = path.relative(root, file.fileName);
  return !file.isDeclarationFile && !name.startsWith("..") && !name.includes("node_modules");
}

function visit(node, file, checker) {
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node) || ts.isJsxOpeningLikeElement(node)) {
    const declaration = checker.getResolvedSignature(node)?.declaration;
    const target = declaration && bodyOf(declaration);
    if (target && isOurs(target.getSourceFile())) {
      edges.add(`${place(functionAround(node), file)}\t${place(target, target.getSourceFile())}`);
    }
  }
  ts.forEachChild(node, (child) => visit(child, file, checker));
}

/** The declaration that has a body: overloads and signatures have none and are no function of the program. */
function bodyOf(declaration) {
  return declaration.body ? declaration : undefined;
}

function functionAround(node) {
  let at = node.parent;
  while (at && !(ts.isFunctionLike(at) && at.body)) at = at.parent;
  return at ?? node.getSourceFile();
}

/** The name's place, of the variable or property a function without name is bound to, else its first byte. */
function place(node, file) {
  const relative = path.relative(root, file.fileName);
  if (ts.isSourceFile(node)) return `${relative}:1`;
  const bound = node.name ?? (isBinding(node.parent) ? node.parent.name : undefined);
  const at = (bound ?? node).getStart(file);
  return `${relative}:${file.getLineAndCharacterOfPosition(at).line + 1}`;
}

function isBinding(node) {
  return ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node);
}
