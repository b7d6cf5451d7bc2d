/**
 * The request parameters: those of the query, each name with its values in order, then the path parameters, which hide
 * query parameters of the same name as they do in Tomcat.
 */
export function requestParameters(
  queryString: string | null,
  pathParameters: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly string[]> {
  const parameters = new Map<string, string[]>();
  if (queryString !== null) {
    for (const [name, value] of new URLSearchParams(queryString)) {
      const values = parameters.get(name);
      if (values === undefined) parameters.set(name, [value]);
      else values.push(value);
    }
  }
  for (const [name, value] of pathParameters) parameters.set(name, [value]);
  return parameters;
}
