// What minifying shortens: names, blanks, constants.
function multiply(firstNumber, secondNumber) {
	const productOfBoth = firstNumber * secondNumber;
	return productOfBoth;
}
if (false) {
	console.log("never");
}
console.log(multiply(6, 7), 60 * 60 * 24, "a" + "b");
