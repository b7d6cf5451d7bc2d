import { DeploymentException, Server } from 'serval';
import { readWebXml } from 'serval/web-xml';
import { silent } from '../../testing/test/toolbox';

const WEB_XML = `<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <!-- limits -->
  <context-param>
    <param-name>org.apache.tomcat.websocket.textBufferSize</param-name>
    <param-value> 16384 </param-value>
  </context-param>
  <security-constraint>
    <web-resource-collection>
      <web-resource-name>orders &amp; trades</web-resource-name>
      <url-pattern>/orders/*</url-pattern>
      <url-pattern><![CDATA[/trades]]></url-pattern>
    </web-resource-collection>
    <auth-constraint><role-name>trader</role-name><role-name>admin</role-name></auth-constraint>
    <user-data-constraint><transport-guarantee>CONFIDENTIAL</transport-guarantee></user-data-constraint>
  </security-constraint>
  <security-constraint>
    <web-resource-collection><url-pattern>/all/*</url-pattern></web-resource-collection>
    <auth-constraint><role-name>*</role-name></auth-constraint>
  </security-constraint>
  <security-constraint>
    <web-resource-collection><url-pattern>/users</url-pattern></web-resource-collection>
    <auth-constraint><role-name>**</role-name></auth-constraint>
  </security-constraint>
  <security-constraint>
    <web-resource-collection><url-pattern>/nobody</url-pattern></web-resource-collection>
    <auth-constraint/>
  </security-constraint>
  <security-constraint>
    <web-resource-collection><url-pattern>/posts</url-pattern><http-method>POST</http-method></web-resource-collection>
    <auth-constraint><role-name>trader</role-name></auth-constraint>
  </security-constraint>
  <security-constraint>
    <web-resource-collection><url-pattern>/gets</url-pattern><http-method-omission>POST</http-method-omission></web-resource-collection>
    <auth-constraint><role-name>trader</role-name></auth-constraint>
  </security-constraint>
  <login-config><auth-method>BASIC</auth-method><realm-name>The "desk"</realm-name></login-config>
  <security-role><role-name>trader</role-name></security-role>
  <security-role><role-name>admin</role-name></security-role>
</web-app>`;

it('reads constraints, roles, context parameters and the challenge', () => {
  expect(readWebXml(WEB_XML)).toEqual({
    securityConstraints: [
      { paths: ['/orders/*', '/trades'], rolesAllowed: ['trader', 'admin'], transportGuarantee: 'CONFIDENTIAL' },
      { paths: ['/all/*'], rolesAllowed: ['trader', 'admin'] },
      { paths: ['/users'], rolesAllowed: ['**'] },
      { paths: ['/nobody'], rolesAllowed: [] },
      { paths: ['/gets'], rolesAllowed: ['trader'] },
    ],
    initParameters: { 'org.apache.tomcat.websocket.textBufferSize': '16384' },
    authenticationChallenge: 'Basic realm="The \\"desk\\""',
  });
});

it('denies paths whose GET is uncovered with deny-uncovered-http-methods', () => {
  const denying = WEB_XML.replace('<login-config>', '<deny-uncovered-http-methods/><login-config>');
  expect(readWebXml(denying).securityConstraints).toContainEqual({ paths: ['/posts'], rolesAllowed: [] });
});

it('gives options that a server takes', () => {
  expect(() => new Server({ ...readWebXml(WEB_XML), logger: silent })).not.toThrow();
});

it('accepts prefixes, and a file that states nothing', () => {
  const empty = { securityConstraints: [], initParameters: {}, authenticationChallenge: undefined };
  expect(readWebXml('<j:web-app xmlns:j="x"/>')).toEqual(empty);
  expect(readWebXml('<web-app><login-config><auth-method>FORM</auth-method></login-config></web-app>')).toEqual(empty);
});

it.each([
  ['<web-app>', 'it is not well-formed XML: '],
  ['', 'it is not well-formed XML: '],
  ['<server/>', 'its root is <server>; expected <web-app>.'],
  ['<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/passwd">]><web-app>&e;</web-app>', 'it is not well-formed XML: '],
  ['<web-app><security-constraint><web-resource-collection/></security-constraint></web-app>', 'has no url-pattern.'],
  [
    '<web-app><security-constraint><web-resource-collection><url-pattern>/</url-pattern><http-method>GET</http-method><http-method-omission>GET</http-method-omission></web-resource-collection></security-constraint></web-app>',
    'has http-method and http-method-omission',
  ],
])('refuses %s', (text, message) => {
  expect(() => readWebXml(text)).toThrow(DeploymentException);
  expect(() => readWebXml(text)).toThrow(message);
});
