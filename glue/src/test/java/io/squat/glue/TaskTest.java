package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TaskTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @EnumSource
  void tasksOfGlueAreTheirNamesInJson(GlueTask task) throws JsonProcessingException {
    String json = JSON.writeValueAsString(task);
    assertEquals("\"" + task.name() + "\"", json);
    assertEquals(task, JSON.readValue(json, Task.class));
    assertEquals(task, JSON.readValue("\"" + task.displayName() + "\"", Task.class));
  }

  @Test
  void onesOwnTaskIsAllThereInJson() throws JsonProcessingException {
    OwnTask task =
        new OwnTask("mine", new TableColumns(List.of("a", "b"), "y"), List.of("no", "yes"));
    String json = JSON.writeValueAsString(task);
    assertEquals(
        "{\"name\":\"mine\",\"columns\":{\"texts\":[\"a\",\"b\"],\"label\":\"y\"},"
            + "\"labels\":[\"no\",\"yes\"]}",
        json);
    assertEquals(task, JSON.readValue(json, Task.class));
  }

  @Test
  void otherJsonIsRefused() {
    for (String json : List.of("\"SQuAD\"", "{\"title\": \"mine\"}", "7")) {
      String message =
          String.valueOf(
              assertThrows(JsonMappingException.class, () -> JSON.readValue(json, Task.class))
                  .getMessage());
      assertTrue(message.contains("expected"), message);
    }
  }
}
