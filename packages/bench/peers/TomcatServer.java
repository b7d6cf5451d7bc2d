import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsSci;

/** Embedded Tomcat. The argument is a folder for its work. */
public class TomcatServer {
  @ServerEndpoint("/echo")
  public static class Echo {
    @OnMessage
    public String onText(String text) {
      return text;
    }

    @OnMessage(maxMessageSize = 65536)
    public ByteBuffer onBinary(ByteBuffer data) {
      return data;
    }

    @OnError
    public void onError(Throwable cause) {
      // A client that has gone. One that misses an answer complains itself.
    }
  }

  @ServerEndpoint("/broadcast")
  public static class Broadcast {
    @OnMessage
    public void onText(String text, Session session) throws IOException {
      for (Session peer : session.getOpenSessions()) {
        // Two threads must not send to one session at the same time, and an async send may outlast the lock:
        // the next one would then throw IllegalStateException (TEXT_FULL_WRITING).
        synchronized (peer) {
          peer.getBasicRemote().sendText(text);
        }
      }
    }

    @OnError
    public void onError(Throwable cause) {
      // A client that has gone. One that misses a message complains itself.
    }
  }

  public static void main(String[] arguments) throws Exception {
    Logger.getLogger("org.apache").setLevel(Level.WARNING);
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(arguments[0]);
    Connector connector = new Connector();
    connector.setProperty("address", "127.0.0.1");
    connector.setPort(0);
    tomcat.setConnector(connector);
    Context context = tomcat.addContext("", arguments[0]);
    Tomcat.addServlet(context, "default", new DefaultServlet());
    context.addServletMappingDecoded("/", "default");
    context.addServletContainerInitializer(new WsSci(), Set.of(Echo.class, Broadcast.class));
    tomcat.start();
    System.out.println("{\"port\":" + connector.getLocalPort() + ",\"pid\":" + ProcessHandle.current().pid() + "}");

    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      if (line.equals("memory")) reportMemory();
    }
    Runtime.getRuntime().halt(0);
  }

  private static void reportMemory() throws InterruptedException {
    for (int round = 0; round < 3; round++) {
      System.gc();
      Thread.sleep(50);
    }
    Runtime runtime = Runtime.getRuntime();
    System.out.println("{\"heapBytes\":" + (runtime.totalMemory() - runtime.freeMemory()) + "}");
  }
}
