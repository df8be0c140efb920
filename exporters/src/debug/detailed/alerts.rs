use super::Page;
use serde_json::Value;
use tidewatch_component::Alert;

pub(super) fn write(page: &mut Page, alerts: &[Alert]) {
    for (index, alert) in alerts.iter().enumerate() {
        page.line(format_args!("Alert #{index}"));
        let Ok(Value::Object(fields)) = serde_json::to_value(alert) else { continue };
        for (key, value) in fields {
            match value {
                Value::Null => {}
                Value::String(text) => page.line(format_args!("    {key}: {text}")),
                Value::Object(entries) => {
                    page.line(format_args!("    {key}:"));
                    for (key, value) in entries {
                        page.line(format_args!("     -> {key}: {}", value.as_str().unwrap_or_default()));
                    }
                }
                other => page.line(format_args!("    {key}: {other}")),
            }
        }
    }
}
