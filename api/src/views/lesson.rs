use domain::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::Lesson;

/// A group that needs its desktops for a while.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Lesson))]
pub(crate) struct LessonView {
    id: String,
    /// Name of the group.
    group: String,
    /// Slug of the template of which it needs desktops; null for every one.
    template: Option<String>,
    /// When it begins.
    from: Timestamp,
    /// When it is over.
    until: Timestamp,
    /// Id of the one who wanted it.
    created_by: Option<String>,
    created_at: Timestamp,
}

impl From<Lesson> for LessonView {
    fn from(lesson: Lesson) -> Self {
        Self {
            id: lesson.id.to_string(),
            group: lesson.group.name,
            template: lesson.template,
            from: lesson.window.from,
            until: lesson.window.until,
            created_by: lesson.created_by.map(|id| id.to_string()),
            created_at: lesson.created_at,
        }
    }
}
