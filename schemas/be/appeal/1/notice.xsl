<?xml version="1.0" encoding="UTF-8"?>
<!-- From a signed appeal to the bare notice that it is pending (Art. 66, 69, 70 par. 2): who, against which form, since when, and whether
     it suspends. Nothing else of the appeal: no grounds, no contested value, no doctor of the worker, no address or contact. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:a="urn:sealpost:be:appeal:1"
    xmlns:f="urn:sealpost:be:appeal-notice:1" xmlns:c="urn:sealpost:common:1" exclude-result-prefixes="a">
  <xsl:output method="xml" encoding="UTF-8"/>
  <!-- Given by the counter; form-...: facts that it keeps of the appeal; about-...: of the contested form, where that went through it. -->
  <xsl:param name="document-id"/>
  <xsl:param name="issued-on"/>
  <xsl:param name="created-at"/>
  <xsl:param name="gateway-name"/>
  <xsl:param name="gateway-number"/>
  <xsl:param name="form-article-62"/>
  <xsl:param name="about-article-62"/>

  <!-- AP-14, AP-15: what the form itself shows, or the appeal. A contagious illness is no exception here. -->
  <xsl:variable name="excepted" select="$about-article-62 = 'true' or $form-article-62 = 'true'"/>

  <xsl:template match="/a:Content">
    <f:AppealNotice>
      <f:Content Id="content">
        <f:Header>
          <c:DocumentId><xsl:value-of select="$document-id"/></c:DocumentId>
          <c:FormType>APN</c:FormType>
          <c:SchemaVersion>1.0</c:SchemaVersion>
          <xsl:copy-of select="a:Header/c:LegalProfile"/>
          <xsl:copy-of select="a:Header/c:DocumentLanguage"/>
          <c:IssuedOn><xsl:value-of select="$issued-on"/></c:IssuedOn>
          <c:CreatedAt><xsl:value-of select="$created-at"/></c:CreatedAt>
          <xsl:copy-of select="a:Header/c:CaseReference"/>
        </f:Header>
        <f:Gateway>
          <c:Name><xsl:value-of select="$gateway-name"/></c:Name>
          <c:EnterpriseNumber><xsl:value-of select="$gateway-number"/></c:EnterpriseNumber>
        </f:Gateway>
        <f:AppealReference><xsl:value-of select="a:Header/c:DocumentId"/></f:AppealReference>
        <f:Worker>
          <xsl:copy-of select="a:Appellant/c:PersonName | a:Appellant/c:BirthDate | a:Appellant/c:Ssin"/>
        </f:Worker>
        <f:Employer>
          <xsl:copy-of select="a:Employer/*"/>
        </f:Employer>
        <f:OccupationalPhysician>
          <xsl:copy-of select="a:OccupationalPhysician/c:PersonName | a:OccupationalPhysician/c:NihdiNumber"/>
        </f:OccupationalPhysician>
        <f:Service>
          <xsl:copy-of select="a:Service/*"/>
        </f:Service>
        <f:ContestedForm>
          <xsl:if test="a:ContestedForm/a:DocumentId">
            <f:DocumentId><xsl:value-of select="a:ContestedForm/a:DocumentId"/></f:DocumentId>
          </xsl:if>
          <f:FormDate><xsl:value-of select="a:ContestedForm/a:FormDate"/></f:FormDate>
        </f:ContestedForm>
        <f:AppealLodgedOn><xsl:value-of select="$issued-on"/></f:AppealLodgedOn>
        <f:Suspensive><xsl:value-of select="not($excepted)"/></f:Suspensive>
      </f:Content>
    </f:AppealNotice>
  </xsl:template>
</xsl:stylesheet>
