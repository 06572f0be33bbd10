import { area, type Shape } from "./lib/shapes";
import data from "./lib/data.json";
import greet, * as words from "./lib/words.js";

const shapes: Shape[] = [{ kind: "square", side: 3 }, { kind: "circle", radius: 1 }];
for (const shape of shapes)
	console.log(shape.kind, area(shape).toFixed(2));
console.log(greet(data.name), words.unused === undefined ? "none" : "some");
export const total = shapes.map(area).reduce((a, b) => a + b, 0);
