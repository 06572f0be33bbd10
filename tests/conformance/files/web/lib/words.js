export default function greet(name) {
	return `Hello, ${name ?? "nobody"}!`;
}
export const unused = undefined;
