// Colours live in src/theme/tokens.css and nowhere else: a theme, dark mode and high contrast then reach every pixel.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src/', import.meta.url));
const LITERAL = /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(|\b(?:white|black|red|green|blue|gr[ae]y)\b(?=\s*[;,)])/gi;
const found = readdirSync(src, { recursive: true })
  .filter((name) => /\.css$|\.tsx$/.test(name) && name !== 'theme/tokens.css')
  .flatMap((name) =>
    readFileSync(src + name, 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        const code = line.replace(/\/\*.*?\*\/|\/\/.*|href="#[^"]*"|url\(#[^)]*\)/g, '');
        return (code.match(LITERAL) ?? []).map((colour) => `src/${name}:${index + 1}: ${colour}`);
      }),
  );
if (found.length > 0) {
  console.error(`colour literals outside src/theme/tokens.css:\n${found.join('\n')}`);
  process.exit(1);
}
