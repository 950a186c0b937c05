// Flags in Java: the stock OFREP provider against pennond.
//
//   OFREP_URL=http://127.0.0.1:8016 mvn -q compile exec:java
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.MutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public final class Evaluate {
  public static void main(String[] arguments) throws Exception {
    String url = System.getenv().getOrDefault("OFREP_URL", "http://127.0.0.1:8016");
    OpenFeatureAPI api = OpenFeatureAPI.getInstance();
    api.setProviderAndWait(
        OfrepProvider.constructProvider(OfrepProviderOptions.builder().baseUrl(url).build()));
    Client client = api.getClient();
    MutableContext user = new MutableContext("user-7");
    user.add("country", "NO");
    user.add("age", 41);
    List<FlagEvaluationDetails<?>> details = List.of(
        client.getBooleanDetails("new-checkout", false, user),
        client.getStringDetails("banner", "none", user),
        client.getIntegerDetails("page-size", 10, user),
        client.getDoubleDetails("sample-rate", 0.5, user),
        client.getObjectDetails("layout", new Value(), user),
        client.getBooleanDetails("not-there", true, user),
        client.getStringDetails("new-checkout", "of another type", user));
    ObjectMapper json = new ObjectMapper();
    for (FlagEvaluationDetails<?> one : details) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("flag", one.getFlagKey());
      Object value = one.getValue();
      line.put("value", value instanceof Value object ? object.asStructure().asObjectMap() : value);
      line.put("variant", one.getVariant() == null ? "" : one.getVariant());
      line.put("error", one.getErrorCode() == null ? "" : one.getErrorCode().name());
      System.out.println(json.writeValueAsString(line));
    }
    System.exit(0);
  }
}
