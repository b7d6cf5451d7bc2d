import { doubleToString, floatToString } from './common/java-numbers';

test.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [12.34, '12.34'],
  [0.001, '0.001'],
  [0.0005, '5.0E-4'],
  [9999999, '9999999.0'],
  [1e7, '1.0E7'],
  [-12345678.88, '-1.234567888E7'],
  [5e-324, '4.9E-324'],
  [1.7976931348623157e308, '1.7976931348623157E308'],
  [Infinity, 'Infinity'],
  [NaN, 'NaN'],
])('the double %p is %s in Java', (value, text) => {
  expect(doubleToString(value)).toBe(text);
});

test.each([
  [0, '0.0'],
  [101.101, '101.101'],
  [56.78, '56.78'],
  [1001, '1001.0'],
  [-12345678.88, '-1.2345679E7'],
  [1.4e-45, '1.4E-45'],
  [3.4028234663852886e38, '3.4028235E38'],
  [-Infinity, '-Infinity'],
])('the float %p is %s in Java', (value, text) => {
  expect(floatToString(value)).toBe(text);
});
